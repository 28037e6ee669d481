import { basename } from 'node:path'
import type { Dataset, PartialMapping, RowProblem } from '../../contract/domain.ts'
import { AttuneError } from '../../contract/errors.ts'
import type { Input } from '../../contract/methods.ts'
import { bytes, count, moment } from '../format.ts'
import { findDataset, type Ground, showingProgress, sourceOf } from '../ground.ts'
import type { Answer } from '../io.ts'
import { facts, table } from '../table.ts'

export interface ImportOptions {
  readonly name?: string
  readonly task?: string
  /** "text=body,label=kind" */
  readonly map?: string
  readonly encoding?: string
  readonly delimiter?: string
  readonly onBadRows: 'stop' | 'skip'
}

export async function importDataset(ground: Ground, file: string, options: ImportOptions): Promise<Answer> {
  const { name, task, map, encoding, delimiter, onBadRows } = options
  const input = {
    source: sourceOf(ground, 'sample', file),
    onBadRows,
    ...(name !== undefined && { name }),
    ...(task !== undefined && { task }),
    ...(map !== undefined && { mapping: mappingOf(map) }),
    ...(encoding !== undefined && { encoding }),
    ...(delimiter !== undefined && { delimiter: delimiter === '\\t' ? '\t' : delimiter }),
  } as Input<'datasets.import'>
  ground.output.note(`Importing ${basename(file)} …`)
  const { dataset } = await showingProgress(ground, ground.call('datasets.import', input))
  return { value: { dataset }, text: `Imported.\n${described(dataset)}` }
}

export async function listDatasets({ call }: Ground): Promise<Answer> {
  const { datasets } = await call('datasets.list', {})
  const text =
    datasets.length === 0
      ? 'No datasets yet. Import one: attune datasets import FILE, or sample:spam-assassin.'
      : table(
          [
            { title: 'ID', value: ({ id }: Dataset) => id },
            { title: 'NAME', value: ({ name }) => name, max: 40 },
            { title: 'TASK', value: ({ task }) => task },
            { title: 'ROWS', value: ({ rows }) => count(rows), right: true },
            { title: 'LABELS', value: ({ labels }) => labels.map(({ label }) => label).join(', '), max: 40 },
            { title: 'IMPORTED', value: ({ createdAt }) => moment(createdAt) },
          ],
          datasets,
        )
  return { value: { datasets }, text }
}

export async function showDataset(ground: Ground, wanted: string, limit: number): Promise<Answer> {
  const dataset = await findDataset(ground, wanted)
  const { rows } = await ground.call('datasets.rows', { id: dataset.id, limit })
  const sample = table(
    [
      { title: 'ROW', value: ({ row }: (typeof rows)[number]) => String(row), right: true },
      { title: 'LABEL', value: ({ label }) => label, max: 20 },
      { title: 'TEXT', value: ({ text }) => text, max: 80 },
    ],
    rows,
  )
  return { value: { dataset, rows }, text: `${described(dataset)}\n\n${sample}` }
}

function described(dataset: Dataset): string {
  const { mapping, problems, problemCount } = dataset
  const lines: [string, string][] = [
    ['id', dataset.id],
    ['name', dataset.name],
    ['file', `${dataset.fileName} (${dataset.format}, ${bytes(dataset.bytes)})`],
    ['task', dataset.task],
    [
      'columns',
      Object.entries(mapping)
        .map(([role, column]) => `${role} from "${column}"`)
        .join(', '),
    ],
    [
      'rows',
      `${count(dataset.rows)}${dataset.duplicateCount > 0 ? `, ${count(dataset.duplicateCount)} of them repeated texts` : ''}`,
    ],
    ...(dataset.labels.length === 0
      ? []
      : [
          ['labels', dataset.labels.map(({ label, count: rows }) => `${label} ${count(rows)}`).join(', ')] as [
            string,
            string,
          ],
        ]),
    ['version', dataset.contentHash],
    ...(dataset.licence === undefined ? [] : [['licence', dataset.licence] as [string, string]]),
    ...(problemCount > 0 ? [['bad rows', `${count(problemCount)}, left out`] as [string, string]] : []),
  ]
  const shown = problems.slice(0, 10).map(({ line, message }: RowProblem) => `  line ${line}: ${message}`)
  const more = problemCount > shown.length ? [`  … and ${count(problemCount - shown.length)} more`] : []
  return [facts(lines), ...shown, ...more].join('\n')
}

function mappingOf(map: string): PartialMapping {
  const pairs = map.split(',').map((pair) => {
    const [role, column] = pair.split(/=(.*)/s)
    if (!role || !column) throw new AttuneError('bad_request', `--map ${map}: write it as text=COLUMN,label=COLUMN.`)
    return [role, column] as const
  })
  return Object.fromEntries(pairs)
}
