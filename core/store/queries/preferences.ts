import type { Db } from '../database.ts'

/** What a person chose about the app as a whole, by name. */
export interface Preferences {
  /** Nothing new begins while the queue rests. */
  readonly queuePaused: boolean
}

const defaults: Preferences = { queuePaused: false }

const selectSql = 'SELECT value FROM preferences WHERE name = ?'
const upsertSql = `
  INSERT INTO preferences (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value`

export function preferenceQueries(db: Db) {
  const select = db.prepare<[string], string>(selectSql).pluck()
  const upsert = db.prepare(upsertSql)
  return {
    get<Name extends keyof Preferences>(name: Name): Preferences[Name] {
      const value = select.get(name)
      return value === undefined ? defaults[name] : (JSON.parse(value) as Preferences[Name])
    },
    set<Name extends keyof Preferences>(name: Name, value: Preferences[Name]): void {
      upsert.run(name, JSON.stringify(value))
    },
  }
}
