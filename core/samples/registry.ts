import type { MadeSample } from './sample.ts'

/** Every constructed sample: one file and one entry each. */
export const madeSamples: readonly MadeSample[] = []
