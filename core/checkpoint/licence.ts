import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { readJson } from './config.ts'

/** The licence that a model folder names: in starter.json, else in the front matter of README.md. */
export async function licenceOf(dir: string): Promise<string | undefined> {
  const starter = await readJson(dir, 'starter.json')
  if (typeof starter?.licence === 'string') return starter.licence
  const readme = await readFile(join(dir, 'README.md'), 'utf8').catch(() => '')
  const frontMatter = /^---\r?\n([\s\S]*?)\r?\n---/.exec(readme)?.[1] ?? ''
  const named = /^license:[ \t]*["']?([^\s"']{1,100})/m.exec(frontMatter)?.[1]
  return named
}
