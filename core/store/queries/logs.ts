import type { LogLine } from '../../contract/domain.ts'
import type { Db } from '../database.ts'

const insertSql = `
  INSERT INTO log_lines (run, seq, at, level, text)
  VALUES (:run, (SELECT coalesce(max(seq) + 1, 0) FROM log_lines WHERE run = :run), :at, :level, :text)`

const listSql = `
  SELECT seq, at, level, text FROM log_lines
  WHERE run = ? AND seq > ?
  ORDER BY seq LIMIT ?`

/** What runs said, line by line. */
export function logQueries(db: Db) {
  const insert = db.prepare(insertSql)
  const list = db.prepare<[string, number, number], LogLine>(listSql)
  return {
    add(run: string, { at, level, text }: Omit<LogLine, 'seq'>): void {
      insert.run({ run, at, level, text })
    },
    /** Lines after `after`, which is a line's seq, or -1 for all. */
    list: (run: string, after: number, limit: number): LogLine[] => list.all(run, after, limit),
  }
}

export type LogQueries = ReturnType<typeof logQueries>
