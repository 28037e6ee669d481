import type { Dataset } from '../../contract/domain.ts'
import type { Db } from '../database.ts'

interface DatasetRow {
  readonly id: string
  readonly name: string
  readonly task: Dataset['task']
  readonly format: Dataset['format']
  readonly file_name: string
  readonly created_at: number
  readonly content_hash: string
  readonly row_count: number
  readonly labels: string
  readonly mapping: string
  readonly problems: string
  readonly problem_count: number
  readonly duplicate_count: number
  readonly bytes: number
  readonly licence: string | null
  readonly deleted_at: number | null
}

const insertSql = `
  INSERT INTO datasets (
    id, name, task, format, file_name, created_at, content_hash, row_count, labels, mapping, problems, problem_count,
    duplicate_count, bytes, licence
  ) VALUES (
    :id, :name, :task, :format, :fileName, :createdAt, :contentHash, :rows, :labels, :mapping, :problems, :problemCount,
    :duplicateCount, :bytes, :licence
  )`

const listSql = 'SELECT * FROM datasets WHERE deleted_at IS NULL ORDER BY created_at DESC, id'
const getSql = 'SELECT * FROM datasets WHERE id = ?'
const renameSql = 'UPDATE datasets SET name = ?, revision = revision + 1 WHERE id = ? AND deleted_at IS NULL'
const setDeletedSql = 'UPDATE datasets SET deleted_at = ?, revision = revision + 1 WHERE id = ?'
const deletedSql = 'SELECT id, deleted_at AS deletedAt FROM datasets WHERE deleted_at IS NOT NULL'
/** Deleted runs count: they may be restored. */
const usesSql = 'SELECT count(*) FROM runs WHERE dataset = ?'
/** Changes with every write to the table, as rows are never removed. */
const signatureSql = "SELECT count(*) || ':' || coalesce(sum(revision), 0) FROM datasets"

/** Datasets stay in the table when deleted, as runs refer to them. */
export function datasetQueries(db: Db) {
  const insert = db.prepare(insertSql)
  const list = db.prepare<[], DatasetRow>(listSql)
  const get = db.prepare<[string], DatasetRow>(getSql)
  const rename = db.prepare<[string, string]>(renameSql)
  const setDeleted = db.prepare<[number | null, string]>(setDeletedSql)
  const deleted = db.prepare<[], { id: string; deletedAt: number }>(deletedSql)
  const uses = db.prepare<[string], number>(usesSql).pluck()
  const signature = db.prepare<[], string>(signatureSql).pluck()
  return {
    add(dataset: Dataset): void {
      insert.run({
        ...dataset,
        labels: JSON.stringify(dataset.labels),
        mapping: JSON.stringify(dataset.mapping),
        problems: JSON.stringify(dataset.problems),
        licence: dataset.licence ?? null,
      })
    },
    /** Newest first; deleted ones are not in it. */
    list: (): Dataset[] => list.all().map(datasetOf),
    /** Deleted ones too. */
    get(id: string): { dataset: Dataset; deletedAt: number | null } | null {
      const row = get.get(id)
      return row ? { dataset: datasetOf(row), deletedAt: row.deleted_at } : null
    },
    rename: (id: string, name: string): boolean => rename.run(name, id).changes > 0,
    setDeleted(id: string, at: number | null): void {
      setDeleted.run(at, id)
    },
    deleted: () => deleted.all(),
    /** How many runs were trained on it. */
    uses: (id: string): number => uses.get(id) ?? 0,
    signature: (): string => signature.get() ?? '',
  }
}

function datasetOf(row: DatasetRow): Dataset {
  return {
    id: row.id,
    name: row.name,
    task: row.task,
    format: row.format,
    fileName: row.file_name,
    createdAt: row.created_at,
    contentHash: row.content_hash,
    rows: row.row_count,
    labels: JSON.parse(row.labels) as Dataset['labels'],
    mapping: JSON.parse(row.mapping) as Dataset['mapping'],
    problems: JSON.parse(row.problems) as Dataset['problems'],
    problemCount: row.problem_count,
    duplicateCount: row.duplicate_count,
    bytes: row.bytes,
    ...(row.licence !== null && { licence: row.licence }),
  }
}
