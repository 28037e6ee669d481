import { workerData } from 'node:worker_threads'
import { copyDatabase } from './backup.ts'
import { connectToRead } from './database.ts'

/** Copies a database and ends: what a copy takes must not hold up the process. See copyInThread. */
const { path, now } = workerData as { path: string; now: number }
const db = connectToRead(path)
try {
  copyDatabase(db, now)
} finally {
  db.close()
}
