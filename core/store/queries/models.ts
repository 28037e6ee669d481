import type { Model } from '../../contract/domain.ts'
import type { Db } from '../database.ts'

interface ModelRow {
  readonly id: string
  readonly name: string
  readonly architecture: string
  readonly created_at: number
  readonly source: string
  readonly licence: string | null
  readonly parameters: number
  readonly bytes: number
  readonly weights_hash: string
  readonly tokenizer_hash: string
  readonly vocab_size: number
  readonly hidden_size: number
  readonly layers: number
  readonly heads: number
  readonly max_positions: number
  readonly linear_modules: string
  readonly deleted_at: number | null
}

/** Two processes may register the same starter at their first start: the second changes nothing. */
const insertSql = `
  INSERT INTO models (
    id, name, architecture, created_at, source, starter, licence, parameters, bytes, weights_hash, tokenizer_hash,
    vocab_size, hidden_size, layers, heads, max_positions, linear_modules
  ) VALUES (
    :id, :name, :architecture, :createdAt, :source, :starter, :licence, :parameters, :bytes, :weightsHash,
    :tokenizerHash, :vocabSize, :hiddenSize, :layers, :heads, :maxPositions, :linearModules
  ) ON CONFLICT (starter) DO NOTHING`

const listSql = 'SELECT * FROM models WHERE deleted_at IS NULL ORDER BY created_at DESC, id'
const getSql = 'SELECT * FROM models WHERE id = ?'
const starterSql = 'SELECT * FROM models WHERE starter = ?'
const renameSql = 'UPDATE models SET name = ?, revision = revision + 1 WHERE id = ? AND deleted_at IS NULL'
const setDeletedSql = 'UPDATE models SET deleted_at = ?, revision = revision + 1 WHERE id = ?'
const deletedSql = 'SELECT id, deleted_at AS deletedAt FROM models WHERE deleted_at IS NOT NULL'
/** Deleted runs count: they may be restored. */
const usesSql = 'SELECT count(*) FROM runs WHERE model = ?'
/** Changes with every write to the table, as rows are never removed. */
const signatureSql = "SELECT count(*) || ':' || coalesce(sum(revision), 0) FROM models"

/** Models stay in the table when deleted, as runs refer to them. */
export function modelQueries(db: Db) {
  const insert = db.prepare(insertSql)
  const list = db.prepare<[], ModelRow>(listSql)
  const get = db.prepare<[string], ModelRow>(getSql)
  const starter = db.prepare<[string], ModelRow>(starterSql)
  const rename = db.prepare<[string, string]>(renameSql)
  const setDeleted = db.prepare<[number | null, string]>(setDeletedSql)
  const deleted = db.prepare<[], { id: string; deletedAt: number }>(deletedSql)
  const uses = db.prepare<[string], number>(usesSql).pluck()
  const signature = db.prepare<[], string>(signatureSql).pluck()
  const found = (row: ModelRow | undefined) => (row ? { model: modelOf(row), deletedAt: row.deleted_at } : null)
  return {
    /** `starter` is the name of the starter that it is, or null. False when that starter is registered already. */
    add(model: Model, starter: string | null): boolean {
      const { changes } = insert.run({
        ...model,
        starter,
        licence: model.licence ?? null,
        linearModules: JSON.stringify(model.linearModules),
      })
      return changes > 0
    },
    /** Newest first; deleted ones are not in it. */
    list: (): Model[] => list.all().map(modelOf),
    /** Deleted ones too. */
    get: (id: string) => found(get.get(id)),
    starter: (name: string) => found(starter.get(name)),
    rename: (id: string, name: string): boolean => rename.run(name, id).changes > 0,
    setDeleted(id: string, at: number | null): void {
      setDeleted.run(at, id)
    },
    deleted: () => deleted.all(),
    /** How many runs started from it. */
    uses: (id: string): number => uses.get(id) ?? 0,
    signature: (): string => signature.get() ?? '',
  }
}

function modelOf(row: ModelRow): Model {
  return {
    id: row.id,
    name: row.name,
    architecture: row.architecture,
    createdAt: row.created_at,
    source: row.source,
    ...(row.licence !== null && { licence: row.licence }),
    parameters: row.parameters,
    bytes: row.bytes,
    weightsHash: row.weights_hash,
    tokenizerHash: row.tokenizer_hash,
    vocabSize: row.vocab_size,
    hiddenSize: row.hidden_size,
    layers: row.layers,
    heads: row.heads,
    maxPositions: row.max_positions,
    linearModules: JSON.parse(row.linear_modules) as string[],
  }
}
