import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished } from 'vitest'
import { AttuneError, type ErrorCode } from '../../core/contract/errors.ts'

/** A folder that is removed when the test ends. */
export async function temporaryFolder(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'attune-test-'))
  onTestFinished(() => rm(dir, { recursive: true, force: true }))
  return dir
}

/** What `act` throws or rejects with, which must be an AttuneError with this code and a whole sentence. */
export async function errorOf(code: ErrorCode, act: () => unknown): Promise<AttuneError> {
  let thrown: unknown = 'nothing'
  try {
    await act()
  } catch (error) {
    thrown = error
  }
  if (!(thrown instanceof AttuneError)) expect.fail(`an AttuneError ${code} was expected, not ${String(thrown)}`)
  expect({ code: thrown.code, message: thrown.message }).toEqual({ code, message: expect.stringMatching(/^\S.*\.$/s) })
  return thrown
}
