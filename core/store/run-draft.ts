import {
  type EngineInfo,
  type MetricSummary,
  type Phase,
  type RunPlan,
  type RunState,
  type RunTimings,
  seriesInfos,
} from '../contract/domain.ts'
import type { RunEvent } from '../worker/protocol.ts'

/** What of a run's record its own events change. */
export interface RunDraft {
  readonly state: RunState
  readonly phase: Phase | null
  readonly phaseProgress: number | null
  readonly step: number
  readonly epoch: number
  readonly plan: RunPlan | null
  readonly engine: EngineInfo | null
  readonly metrics: Readonly<Record<string, MetricSummary>>
  readonly timings: RunTimings | null
  readonly endedAt: number | null
}

/** The record after one more event; `now` dates the end, which has no time of its own. */
export function advance(draft: RunDraft, event: RunEvent, now: number): RunDraft {
  switch (event.kind) {
    case 'engine':
      return { ...draft, engine: event.engine }
    case 'plan':
      return { ...draft, plan: event.plan }
    case 'phase':
      return { ...draft, phase: event.phase, phaseProgress: progressOf(event) }
    case 'metrics':
      return {
        ...draft,
        step: Math.max(draft.step, event.step),
        epoch: Math.max(draft.epoch, event.epoch),
        metrics: summarize(draft.metrics, event.values, event.step),
      }
    case 'result':
      return {
        ...draft,
        state: event.outcome,
        phase: null,
        phaseProgress: null,
        timings: event.timings,
        endedAt: now,
      }
    case 'log':
    case 'checkpoint':
    case 'pruned':
    case 'lastGood':
    case 'predictions':
      return draft
  }
}

function progressOf({ done, total }: { done?: number; total?: number }): number | null {
  return done === undefined || total === undefined || total <= 0 ? null : Math.min(1, done / total)
}

const lowerIsBetter = new Map(seriesInfos.map(({ name, better }) => [name, better && better === 'lower']))

/** Last and best value by series. Values that are not finite are on the curve, not in the summary. */
export function summarize(
  summary: Readonly<Record<string, MetricSummary>>,
  values: Readonly<Record<string, number>>,
  step: number,
): Record<string, MetricSummary> {
  const next = { ...summary }
  for (const [series, value] of Object.entries(values)) {
    if (!Number.isFinite(value)) continue
    const last = { value, step }
    const best = next[series]?.best
    next[series] = { last, best: best && !improves(series, value, best.value) ? best : last }
  }
  return next
}

/** A draw keeps the earlier step; a series without a direction has its last value for best. */
function improves(series: string, value: number, former: number): boolean {
  const lower = lowerIsBetter.get(series) ?? null
  if (lower === null) return true
  return lower ? value < former : value > former
}
