import { isRecorded, seriesInfos } from '../../../core/contract/domain.ts'
import type { TaskName } from '../../../core/contract/settings.ts'
import type { Dash } from '../../charts/curve.ts'

/** Measures that are drawn over each other. */
export interface Chart {
  title: string
  /** Drawn in one chart; the line style tells them apart. */
  series: readonly { name: string; label: string; dash: Dash }[]
}

/** Measures that are read against each other share a chart; what each is called there. */
const shared: readonly { title: string; labels: Readonly<Record<string, string>> }[] = [
  { title: 'Loss', labels: { 'train/loss': 'Training', 'eval/loss': 'Validation' } },
  { title: 'Accuracy and F1', labels: { 'eval/accuracy': 'Accuracy', 'eval/f1': 'F1 (macro)' } },
  { title: 'Error rate', labels: { 'eval/wer': 'Words', 'eval/cer': 'Characters' } },
  { title: 'BLEU and chrF', labels: { 'eval/bleu': 'BLEU', 'eval/chrf': 'chrF' } },
  { title: 'Correlation', labels: { 'eval/pearson': 'Pearson', 'eval/spearman': 'Spearman' } },
  {
    title: 'Entities',
    labels: { 'eval/entity_f1': 'F1', 'eval/precision': 'Precision', 'eval/recall': 'Recall' },
  },
  { title: 'Rewards', labels: { 'eval/reward_chosen': 'Chosen', 'eval/reward_rejected': 'Rejected' } },
]
const dashes: readonly Dash[] = ['solid', 'dashed', 'dotted']

/** One run's measures, those that a run of this task records. */
export function chartsOf(task: TaskName): Chart[] {
  const recorded = seriesInfos.filter((info) => isRecorded(info, task))
  const charts = recorded.map(({ name, label }): Chart => {
    const together = shared.find(({ labels }) => labels[name] !== undefined)
    const names = recorded.map((info) => info.name).filter((other) => together?.labels[other] !== undefined)
    if (!together || names.length < 2) return { title: label, series: [{ name, label, dash: 'solid' }] }
    const series = names.map((one, i) => ({
      name: one,
      label: together.labels[one] ?? one,
      dash: dashes[i] ?? 'solid',
    }))
    return { title: together.title, series }
  })
  return charts.filter(({ title }, i) => charts.findIndex((other) => other.title === title) === i)
}
