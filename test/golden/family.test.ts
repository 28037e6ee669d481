import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { openSafetensors } from '../../core/checkpoint/safetensors.ts'
import { architectureInfos } from '../../core/contract/architectures.ts'
import { nativeBindingPath } from '../../core/engine/native/load.ts'
import { largestDifference } from '../support/engines.ts'
import { temporaryFolder } from '../support/temporary.ts'
import {
  exportFamily,
  type FamilySubject,
  familyFolder,
  familyGradient,
  familyNames,
  familyStep,
  familyTable,
  firstEvaluation,
  openFamily,
  writeFamily,
} from './family-reference.ts'
import type { EngineKind, Method } from './reference.ts'
import { reportDifference } from './report.ts'

/** Every architecture and head against the reference library: family.py made the numbers. */

const engines: EngineKind[] = nativeBindingPath() ? ['graph', 'eager'] : ['eager']
const everywhere = familyNames.flatMap((name) => engines.map((engine) => [name, engine] as const))
/** A Python that has transformers: with it, what was exported is loaded there too. */
const python = process.env.ATTUNE_GOLDEN_PYTHON

type Options = NonNullable<Parameters<typeof openFamily>[3]>

async function withSubject<T>(
  name: string,
  method: Method,
  engine: EngineKind,
  work: (subject: FamilySubject) => T | Promise<T>,
  options: Options = {},
): Promise<T> {
  const subject = await openFamily(name, method, engine, options)
  try {
    return await work(subject)
  } finally {
    subject.session.close()
  }
}

function farthest(ours: Readonly<Record<string, number[]>>, theirs: Readonly<Record<string, number[]>>): number {
  expect(Object.keys(ours).sort()).toEqual(Object.keys(theirs).sort())
  return Math.max(...Object.entries(theirs).map(([name, values]) => largestDifference(ours[name] ?? [], values)))
}

function methodsOf(name: string): Method[] {
  return familyTable(name).lora ? ['full', 'lora'] : ['full']
}

test('there are families', () => {
  expect(familyNames.length).toBeGreaterThan(0)
})

describe.each(everywhere)('%s on the %s engine', (name, engine) => {
  const table = familyTable(name)

  test('evaluates as the reference does', async () => {
    await withSubject(name, 'full', engine, (subject) => {
      expect(subject.told).toEqual([])
      const difference = farthest(firstEvaluation(subject), table.evaluation)
      reportDifference(name, `evaluation, ${engine}`, difference)
      expect(difference).toBeLessThan(1e-4)
    })
  })

  test.each(methodsOf(name))('has the first gradients and ten steps of PyTorch: %s', async (method) => {
    const expected = table[method] as NonNullable<(typeof table)[typeof method]>
    await withSubject(name, method, engine, (subject) => {
      expect(Object.keys(expected.firstGradients).sort()).toEqual([...subject.trainable.names].sort())
      const steps = [familyStep(subject, 1)]
      const gradNorm = steps[0]?.gradNorm as number
      const far = Object.entries(expected.firstGradients).map(([parameter, { norm, head }]) => {
        const gradient = familyGradient(subject, parameter, gradNorm)
        const ours = Math.sqrt(gradient.reduce((sum, value) => sum + value * value, 0))
        const difference = Math.max(Math.abs(ours - norm), largestDifference(gradient.subarray(0, head.length), head))
        // What is zero by nature (a key's bias) is noise on both sides.
        expect(difference, parameter).toBeLessThan(1e-3 * norm + 1e-5 * (expected.gradNorms[0] as number))
        return norm > 1e-3 * (expected.gradNorms[0] as number) ? difference / norm : 0
      })
      for (let step = 2; step <= table.batches.length; step++) steps.push(familyStep(subject, step))
      const off = (ours: number, theirs: number) => Math.abs(ours - theirs) / Math.max(Math.abs(theirs), 1e-3)
      const losses = steps.map(({ loss }, i) => off(loss, expected.losses[i] as number))
      const norms = steps.map(({ gradNorm: ours }, i) => off(ours, expected.gradNorms[i] as number))
      reportDifference(name, `gradients, relative, ${method}, ${engine}`, Math.max(...far))
      reportDifference(name, `losses of ten steps, relative, ${method}, ${engine}`, Math.max(...losses))
      expect(Math.max(...losses)).toBeLessThan(1e-4)
      expect(Math.max(...norms)).toBeLessThan(1e-3)
      expect(farthest(firstEvaluation(subject), expected.after)).toBeLessThan(1e-3)
    })
  })

  test.runIf(table.lora)('with a fresh adapter is the base model', async () => {
    const base = await withSubject(name, 'full', engine, firstEvaluation)
    const adapted = await withSubject(name, 'lora', engine, firstEvaluation, { fresh: true })
    expect(farthest(adapted, base)).toBeLessThan(1e-6)
  })
})

describe.skipIf(engines.length < 2).each(familyNames)('%s', (name) => {
  test('is the same on both engines', async () => {
    const [graph, eager] = await Promise.all(
      engines.map((engine) => withSubject(name, 'full', engine, firstEvaluation)),
    )
    const difference = farthest(graph ?? {}, eager ?? {})
    reportDifference(name, 'graph against eager', difference)
    expect(difference).toBeLessThan(1e-4)
  })

  test('is written with the tensors that the reference writes, and read again', async () => {
    const dir = await temporaryFolder()
    const after = await withSubject(name, 'full', 'graph', async (subject) => {
      for (let step = 1; step <= subject.table.batches.length; step++) familyStep(subject, step)
      await writeFamily(subject, dir)
      return firstEvaluation(subject)
    })
    expect(shapes(dir)).toEqual(shapes(familyFolder(name)))
    const again = await withSubject(name, 'full', 'graph', firstEvaluation, { folder: dir })
    expect(again).toEqual(after)
    if (python) reportDifference(name, 'exported, in transformers', loadedByPython(python, 'verify', name, dir))
  })

  test.runIf(python && familyTable(name).lora && isKnown(name))('has an adapter that peft loads', async () => {
    const folder = await withSubject(name, 'lora', 'graph', async (subject) => {
      for (let step = 1; step <= subject.table.batches.length; step++) familyStep(subject, step)
      return await exportFamily(subject, await temporaryFolder())
    })
    const difference = loadedByPython(python as string, 'verify-adapter', name, folder)
    reportDifference(name, 'adapter exported, in peft', difference)
  })
})

function shapes(dir: string): Record<string, readonly number[]> {
  const file = openSafetensors(join(dir, 'model.safetensors'))
  try {
    const sorted = [...file.tensors].sort(([a], [b]) => (a < b ? -1 : 1))
    return Object.fromEntries(sorted.map(([tensor, { shape }]) => [tensor, shape]))
  } finally {
    file.close()
  }
}

/** Whether transformers has a class of the family's, so that peft can find modules in it. */
function isKnown(name: string): boolean {
  const { model_type: modelType } = JSON.parse(readFileSync(join(familyFolder(name), 'config.json'), 'utf8'))
  return architectureInfos[modelType]?.library === undefined
}

/** Throws unless the reference takes the folder as it is and evaluates as after its own ten steps. */
function loadedByPython(program: string, command: 'verify' | 'verify-adapter', name: string, dir: string): number {
  const script = join(import.meta.dirname, 'family.py')
  const told = execFileSync(program, [script, command, name, dir], { encoding: 'utf8' })
  return (JSON.parse(told.trim().split('\n').at(-1) as string) as { largest: number }).largest
}
