import { expect, test } from 'vitest'
import { firstGradient, openSubject, readTable, sentenceLogits, trainStep } from '../../golden/reference.ts'
import { tinyModel } from './fixture.ts'

const table = readTable('tiny-bert.json')

test('an adapter at zero changes nothing, and only its B learns from it', async () => {
  const base = await openSubject(tinyModel, table, 'full', 'eager')
  const adapted = await openSubject(tinyModel, table, 'lora', 'eager')
  try {
    const names = Object.keys(adapted.trainable.adapters)
    const ofKind = (kind: string) => names.filter((name) => name.includes(kind))
    for (const name of ofKind('.lora_B.')) {
      const { [name]: values } = adapted.session.read([name])
      adapted.session.write({ [name]: new Float32Array(values?.length ?? 0) })
    }
    expect(sentenceLogits(adapted)).toEqual(sentenceLogits(base))
    const { gradNorm } = trainStep(adapted, 1)
    for (const name of ofKind('.lora_A.'))
      expect(Math.max(...firstGradient(adapted, name, gradNorm).map(Math.abs))).toBe(0)
    for (const name of ofKind('.lora_B.'))
      expect(Math.max(...firstGradient(adapted, name, gradNorm).map(Math.abs))).toBeGreaterThan(1e-6)
  } finally {
    base.session.close()
    adapted.session.close()
  }
})

test('frozen weights stay as they are, bit for bit', async () => {
  const { session, model, trainable, ...subject } = await openSubject(tinyModel, table, 'lora', 'eager')
  try {
    const frozen = Object.keys(model.parameters).filter((name) => !trainable.names.includes(name))
    const before = session.read(frozen)
    for (let step = 1; step <= 3; step++) trainStep({ session, model, trainable, ...subject }, step)
    expect(session.read(frozen)).toEqual(before)
    expect(trainable.names.filter((name) => name.startsWith('classifier.'))).toHaveLength(2)
  } finally {
    session.close()
  }
})
