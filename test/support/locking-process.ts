import Database from 'better-sqlite3'

/** Holds the write lock of a database for some milliseconds; says when it has it. Arguments: the database, how long. */
const [path = '', ms = '0'] = process.argv.slice(2)
const database = new Database(path)
database.exec('BEGIN IMMEDIATE')
process.stdout.write('locked\n')
setTimeout(() => {
  database.exec('ROLLBACK')
  database.close()
}, Number(ms))
