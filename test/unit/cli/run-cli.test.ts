import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Io } from '../../../core/cli/io.ts'
import { createOutput } from '../../../core/cli/io.ts'
import { runCli } from '../../../core/cli/run-cli.ts'

async function* nothing(): AsyncGenerator<Uint8Array> {}

function captured(isTTY = false) {
  const said = { stdout: '', stderr: '' }
  const sink = (name: keyof typeof said) => ({
    isTTY,
    columns: 30,
    write(text: string) {
      said[name] += text
    },
  })
  const io: Io = {
    stdout: sink('stdout'),
    stderr: sink('stderr'),
    stdin: nothing(),
    cwd: '/',
    onSignal: () => () => {},
    exit: () => {},
  }
  return { said, io }
}

const run = async (...args: string[]) => {
  const { said, io } = captured()
  return { code: await runCli(args, io), ...said }
}

test.each([
  [['bogus']],
  [['runs']],
  [['runs', 'bogus']],
  [['runs', 'show']],
  [['runs', 'show', 'a', 'b']],
  [['runs', 'list', '--bogus']],
  [['runs', 'export', 'a', '--checkpoint', 'first']],
  [['datasets', 'import']],
  [['datasets', 'import', 'a.csv', '--on-bad-rows', 'guess']],
  [['datasets', 'show', 'a', '--limit', '0']],
  [['compare', 'a', 'b', '--width', 'wide']],
  [['train']],
  [['runs', 'pause']],
  [['runs', 'repeat', 'a', '--seeds', '1,x']],
  [['runs', 'repeat', 'a', '--times', '0']],
  [['runs', 'fork', 'a', '--checkpoint', 'first']],
  [['runs', 'queue', '--pause', '--resume']],
  [['runs', 'move', 'a', 'sideways']],
  [['storage', 'bogus']],
  // An --input takes one path; what follows is no other.
  [['predict', 'run', '--input', 'a.csv', 'b.csv']],
])('bad use %j exits 2, with a sentence on stderr or one object on stdout', async (args) => {
  const plain = await run(...args)
  expect(plain).toMatchObject({ code: 2, stdout: '' })
  expect(plain.stderr).not.toBe('')
  const json = await run(...args, '--json')
  expect(json).toMatchObject({ code: 2, stderr: '' })
  expect(JSON.parse(json.stdout)).toEqual({ error: { code: 'bad_request', message: expect.stringMatching(/\S/) } })
  expect(json.stdout).not.toContain('error: ')
})

test('help and version go to stdout and exit 0', async () => {
  expect(await run('--help')).toMatchObject({ code: 0, stderr: '', stdout: expect.stringContaining('compare') })
  expect(await run('runs', 'export', '--help')).toMatchObject({ code: 0, stdout: expect.stringContaining('--merge') })
  expect(await run('runs', 'resume', '--help')).toMatchObject({ code: 0, stdout: expect.stringContaining('--watch') })
  expect(await run('--version')).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) })
})

test('progress is one line on a terminal and lines of text elsewhere', () => {
  const terminal = captured(true)
  const line = createOutput(terminal.io, false)
  line.progress('step 1 of many and many and many more')
  line.progress('step 2')
  line.note('done')
  expect(terminal.said.stderr).toBe(`\rstep 1 of many and many and m\r${'step 2'.padEnd(29)}\ndone\n`)
  const pipe = captured()
  const lines = createOutput(pipe.io, false)
  lines.progress('step 1')
  lines.progress('step 1')
  lines.progress('step 2')
  lines.text('answer')
  expect(pipe.said).toEqual({ stderr: 'step 1\nstep 2\n', stdout: 'answer\n' })
})

test('O01 a reader that leaves is met quietly', async () => {
  const main = join(import.meta.dirname, '../../../core/cli/main.ts')
  const child = spawn(process.execPath, [main, '--help'], { stdio: ['ignore', 'pipe', 'pipe'] })
  child.stdout.destroy()
  let stderr = ''
  child.stderr.on('data', (chunk) => {
    stderr += chunk
  })
  const code = await new Promise((resolve) => child.on('close', resolve))
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
})
