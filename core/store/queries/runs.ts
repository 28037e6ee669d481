import type { Origin, Reproduction, Run, RunStart, RunState } from '../../contract/domain.ts'
import type { ErrorPayload } from '../../contract/errors.ts'
import { runConfigSchema } from '../../contract/settings.ts'
import type { Db } from '../database.ts'
import type { RunCursor } from './queue.ts'

interface RunRow {
  readonly id: string
  readonly name: string
  readonly state: RunState
  readonly phase: Run['phase']
  readonly phase_progress: number | null
  readonly config: string
  readonly model: string
  readonly model_name: string
  readonly weights_hash: string
  readonly dataset: string
  readonly dataset_name: string
  readonly content_hash: string
  readonly colour: number
  readonly created_at: number
  readonly started_at: number | null
  readonly ended_at: number | null
  readonly step: number
  readonly epoch: number
  readonly plan: string | null
  readonly engine: string | null
  readonly metrics: string
  readonly timings: string | null
  readonly error: string | null
  readonly stop_requested: 0 | 1 | 2 | 3
  readonly idle_ms: number
  readonly bytes: number
  readonly notes: string
  readonly app_version: string
  readonly origin: Origin['kind'] | null
  readonly parent: string | null
  readonly parent_name: string | null
  readonly parent_step: number | null
  /** Of the parent: 1 when it is deleted or no longer there. */
  readonly parent_deleted: 0 | 1
  readonly start: string | null
  readonly reproduction: string | null
  readonly revision: number
  readonly deleted_at: number | null
}

/** What a run begins with; all else comes from its events. */
export type NewRun = Pick<Run, 'id' | 'name' | 'config' | 'colour' | 'createdAt' | 'appVersion'> & {
  readonly owner: string
  readonly cameFrom?: Omit<Origin, 'deleted'> | null
  /** And the bytes that it takes. */
  readonly beginsWith?: (RunStart & { readonly bytes: number }) | null
  readonly reproduces?: ReproductionRecord | null
}

/** A reproduction while it is under way, and afterwards. */
export interface ReproductionRecord {
  readonly expected: {
    /** SHA-256 over the tensors of the original's last checkpoint; null where that is gone. */
    readonly weights: string | null
    /** What the original computed with: a reproduction is given the same. */
    readonly engine: Run['engine']
  }
  readonly result: Reproduction | null
}

const defaults = runConfigSchema.parse({ model: 'any', dataset: 'any', learning_rate: 0 })

const insertSql = `
  INSERT INTO runs (
    id, name, state, config, model, dataset, colour, created_at, app_version, owner, origin, parent, parent_name,
    parent_step, start, start_bytes, bytes, reproduction, place)
  VALUES (
    :id, :name, 'queued', :config, :model, :dataset, :colour, :createdAt, :appVersion, :owner, :origin, :parent,
    :parentName, :parentStep, :start, :startBytes, :startBytes, :reproduction,
    (SELECT coalesce(max(place), 0) + 1 FROM runs WHERE state = 'queued'))`

const selectSql = `
  SELECT runs.*, models.name AS model_name, models.weights_hash, datasets.name AS dataset_name, datasets.content_hash,
    parents.id IS NULL OR parents.deleted_at IS NOT NULL AS parent_deleted
  FROM runs
  JOIN models ON models.id = runs.model
  JOIN datasets ON datasets.id = runs.dataset
  LEFT JOIN runs AS parents ON parents.id = runs.parent`

const listSql = `${selectSql} WHERE runs.deleted_at IS NULL ORDER BY runs.created_at DESC, runs.rowid DESC`
const getSql = `${selectSql} WHERE runs.id = ?`
const cursorsSql = 'SELECT id, state, step, revision FROM runs'
const namesSql = 'SELECT name FROM runs'
const coloursSql = 'SELECT colour FROM runs WHERE deleted_at IS NULL'
const deletedSql = 'SELECT id, deleted_at AS deletedAt FROM runs WHERE deleted_at IS NOT NULL'

const touched = 'revision = revision + 1 WHERE id = :id RETURNING id, state, step, revision'
const updateSql = `UPDATE runs SET name = coalesce(:name, name), notes = coalesce(:notes, notes), ${touched}`
const archiveSql = `
  UPDATE runs SET state_before_archive = state, state = 'archived', ${touched}`
const unarchiveSql = `
  UPDATE runs SET state = coalesce(state_before_archive, 'finished'), state_before_archive = NULL, ${touched}`
const reproductionSql = 'SELECT reproduction FROM runs WHERE id = ?'
const setReproductionSql = `UPDATE runs SET reproduction = :reproduction, ${touched}`
const uncomparedSql = `
  SELECT id FROM runs
  WHERE origin = 'reproduction' AND json_extract(reproduction, '$.result') IS NULL
    AND state = 'finished' AND deleted_at IS NULL`
const setDeletedSql = `UPDATE runs SET deleted_at = :at, ${touched}`
const purgeSql = 'DELETE FROM runs WHERE id = ? AND deleted_at IS NOT NULL'

/** What people do with runs; what runs do themselves is in queue.ts. */
export function runQueries(db: Db) {
  const insert = db.prepare(insertSql)
  const list = db.prepare<[], RunRow>(listSql)
  const get = db.prepare<[string], RunRow>(getSql)
  const cursors = db.prepare<[], RunCursor>(cursorsSql)
  const names = db.prepare<[], string>(namesSql).pluck()
  const colours = db.prepare<[], number>(coloursSql).pluck()
  const deleted = db.prepare<[], { id: string; deletedAt: number }>(deletedSql)
  const update = db.prepare<object, RunCursor>(updateSql)
  const archive = db.prepare<object, RunCursor>(archiveSql)
  const unarchive = db.prepare<object, RunCursor>(unarchiveSql)
  const reproduction = db.prepare<[string], string | null>(reproductionSql).pluck()
  const setReproduction = db.prepare<object, RunCursor>(setReproductionSql)
  const uncompared = db.prepare<[], string>(uncomparedSql).pluck()
  const setDeleted = db.prepare<object, RunCursor>(setDeletedSql)
  const purge = db.prepare<[string]>(purgeSql)
  return {
    add({ config, cameFrom = null, beginsWith = null, reproduces = null, ...run }: NewRun): void {
      const { bytes = 0, ...start } = beginsWith ?? {}
      insert.run({
        ...run,
        config: JSON.stringify(config),
        model: config.model,
        dataset: config.dataset,
        origin: cameFrom?.kind ?? null,
        parent: cameFrom?.run ?? null,
        parentName: cameFrom?.name ?? null,
        parentStep: cameFrom?.step ?? null,
        start: beginsWith && JSON.stringify(start),
        startBytes: bytes,
        reproduction: reproduces && JSON.stringify(reproduces),
      })
    },
    /** Newest first; deleted ones are not in it. */
    list: (): Run[] => list.all().map(runOf),
    /** Deleted ones too. */
    get(id: string): { run: Run; deletedAt: number | null } | null {
      const row = get.get(id)
      return row ? { run: runOf(row), deletedAt: row.deleted_at } : null
    },
    /** Where each run stands, deleted ones too: to see what another process changed. */
    cursors: (): RunCursor[] => cursors.all(),
    names: (): Set<string> => new Set(names.all()),
    colours: (): number[] => colours.all(),
    deleted: () => deleted.all(),
    update: (id: string, { name, notes }: { name: string | undefined; notes: string | undefined }) =>
      update.get({ id, name: name ?? null, notes: notes ?? null }) ?? null,
    setArchived: (id: string, archived: boolean) => (archived ? archive : unarchive).get({ id }) ?? null,
    reproduction(id: string): ReproductionRecord | null {
      const json = reproduction.get(id) ?? null
      return json === null ? null : (JSON.parse(json) as ReproductionRecord)
    },
    setReproduction: (id: string, record: ReproductionRecord) =>
      setReproduction.get({ id, reproduction: JSON.stringify(record) }) ?? null,
    /** Reproductions that have finished and were not compared with their originals yet. */
    uncompared: (): string[] => uncompared.all(),
    setDeleted: (id: string, at: number | null) => setDeleted.get({ id, at }) ?? null,
    /** Removes a deleted run with all that belongs to it, for good. */
    purge(id: string): void {
      purge.run(id)
    },
  }
}

function runOf(row: RunRow): Run {
  const parsed = <T>(json: string | null) => (json === null ? null : (JSON.parse(json) as T))
  return {
    id: row.id,
    name: row.name,
    state: row.state,
    phase: row.phase,
    phaseProgress: row.phase_progress,
    // A record of an earlier version has fewer settings: those that it trained with are today's defaults.
    config: { ...defaults, ...(JSON.parse(row.config) as Run['config']) },
    model: { id: row.model, name: row.model_name, weightsHash: row.weights_hash },
    dataset: { id: row.dataset, name: row.dataset_name, contentHash: row.content_hash },
    colour: row.colour,
    createdAt: row.created_at,
    startedAt: row.started_at,
    endedAt: row.ended_at,
    idleMs: row.idle_ms,
    step: row.step,
    epoch: row.epoch,
    plan: parsed<NonNullable<Run['plan']>>(row.plan),
    engine: parsed<NonNullable<Run['engine']>>(row.engine),
    metrics: JSON.parse(row.metrics) as Run['metrics'],
    timings: parsed<NonNullable<Run['timings']>>(row.timings),
    error: parsed<ErrorPayload>(row.error),
    stopRequested: row.stop_requested !== 0,
    bytes: row.bytes,
    notes: row.notes,
    appVersion: row.app_version,
    origin: originOf(row),
    start: parsed<RunStart>(row.start),
    reproduction: reproductionOf(row),
    revision: row.revision,
  }
}

function originOf({ origin, parent, parent_name, parent_step, parent_deleted }: RunRow): Origin | null {
  if (origin === null || parent === null) return null
  return { kind: origin, run: parent, name: parent_name ?? parent, step: parent_step, deleted: parent_deleted === 1 }
}

const pending: Reproduction = {
  outcome: 'pending',
  sentence: 'It is compared with its original once it has finished.',
  values: 0,
  first: null,
  weights: 'unknown',
  predictions: 'unknown',
  causes: [],
}

function reproductionOf({ reproduction }: RunRow): Reproduction | null {
  return reproduction === null ? null : ((JSON.parse(reproduction) as ReproductionRecord).result ?? pending)
}
