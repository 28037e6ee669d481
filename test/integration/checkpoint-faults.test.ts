import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { buildFailingCalls, failingEnvironment, noFailingCalls } from '../support/failing-calls.ts'
import { amount } from '../support/soak.ts'
import { temporaryFolder } from '../support/temporary.ts'

const training = fileURLToPath(new URL('../support/full-disk-training.ts', import.meta.url))

test('C06: whichever write of a checkpoint finds the disk full, the one before is whole and the run goes on from it', async ({
  skip,
}) => {
  const dir = await temporaryFolder()
  const library = buildFailingCalls(dir)
  if (library === null) return skip(noFailingCalls)
  const child = spawn(process.execPath, [training, dir, String(amount(12, 1))], {
    env: { ...process.env, ...failingEnvironment(dir, library, 'checkpoint-') },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const lines: { call?: number; code?: string | null; names?: string[]; end?: string }[] = []
  for await (const line of createInterface({ input: child.stdout })) {
    if (line.startsWith('{')) lines.push(JSON.parse(line) as (typeof lines)[number])
  }
  const attempts = lines.slice(0, -1)
  expect(attempts.length).toBeGreaterThan(amount(5, 60))
  for (const { code, names } of attempts) {
    expect(code).toBe('disk_full')
    // What was begun is gone.
    expect(names).toEqual(['checkpoint-2'])
  }
  expect(lines.at(-1)).toEqual({ end: 'same' })
})
