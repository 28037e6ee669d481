import Database from 'better-sqlite3'

/** Reads a database and stays in that transaction until it is ended; says when it has begun. Argument: the database. */
const database = new Database(process.argv[2] ?? '', { readonly: true })
database.exec('BEGIN')
database.prepare('SELECT count(*) FROM metrics').get()
process.stdout.write('reading\n')
// Held on to: it would be closed when nothing refers to it any more.
setInterval(() => database.inTransaction, 1000)
