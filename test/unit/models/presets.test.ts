import { describe, expect, test } from 'vitest'
import { blueprints, presetNames } from '../../../core/contract/presets.ts'
import { baseParameters } from '../../../core/models/base-parameters.ts'
import { architectureOf } from '../../../core/models/registry.ts'
import { countParameters } from '../../../core/train/trainable.ts'

const vocabularies = { tiny: 8000, small: 16_000, base: 30_000 }
const ranges = { tiny: [0.5e6, 6e6], small: [9e6, 36e6], base: [70e6, 140e6] } as const

describe.each(Object.entries(blueprints))(
  '%s from scratch',
  (modelType, { fields, presets, frame, config, parameters }) => {
    test.each(presetNames)('%s is a model, as large as it is said to be', (name) => {
      const vocabulary = frame === null ? null : { size: vocabularies[name], padId: 0, eosId: 1 }
      const written = JSON.parse(JSON.stringify(config(presets[name], vocabulary))) as Record<string, unknown>
      const architecture = architectureOf(modelType)
      const specs = baseParameters(architecture, architecture.parseConfig(written))
      expect(parameters(written)).toBe(countParameters(specs))
      const [least, most] = ranges[name]
      expect(countParameters(specs)).toBeGreaterThan(least)
      expect(countParameters(specs)).toBeLessThan(most)
    })

    test('has a value for each field, in every size', () => {
      for (const name of presetNames)
        expect(Object.keys(presets[name]).sort()).toEqual(fields.map((f) => f.name).sort())
    })

    test('counts right with other sizes too', () => {
      const vocabulary = frame === null ? null : { size: 777, padId: 0, eosId: null }
      const odd = Object.fromEntries(
        fields.map(({ name, choices }) => [name, choices?.at(-1) ?? 2 * (presets.tiny[name] as number)]),
      )
      const written = JSON.parse(JSON.stringify(config(odd, vocabulary))) as Record<string, unknown>
      const architecture = architectureOf(modelType)
      expect(parameters(written)).toBe(countParameters(baseParameters(architecture, architecture.parseConfig(written))))
    })
  },
)
