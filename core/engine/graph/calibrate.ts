import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import * as tf from '@tensorflow/tfjs-core'
import { attuneCache } from '../../util/paths.ts'
import type { Engine, Precision, Session } from '../engine.ts'

/** Side of the square matrices: a product of about two billion operations, some milliseconds. */
const side = 1024
const runs = 5
/** bf16 costs accuracy, so it has to be worth it. */
const worthwhile = 1.3

interface Calibration {
  readonly fp32Ms: number
  readonly bf16Ms: number
}

/**
 * The precision in which this machine multiplies matrices clearly faster. Measured once (about a quarter of a second)
 * and noted in the cache by processor, threads and library version, so that runs on one machine stay comparable.
 */
export async function fasterPrecision(engine: Engine): Promise<Precision> {
  return fasterOf(await calibrationOf(engine))
}

/** What "auto" comes to and how fast products are, as far as it was measured before; null where it was not. */
export function notedSpeed(
  version: string,
  threads: number,
): { readonly precision: Precision; readonly flopsPerUs: Readonly<Record<Precision, number>> } | null {
  const noted = readCalibrations(notesPath())[keyOf(version, threads)]
  if (!noted) return null
  const flopsPerUs = (ms: number) => (2 * side ** 3) / (1000 * ms)
  return { precision: fasterOf(noted), flopsPerUs: { fp32: flopsPerUs(noted.fp32Ms), bf16: flopsPerUs(noted.bf16Ms) } }
}

const fasterOf = ({ fp32Ms, bf16Ms }: Calibration): Precision => (fp32Ms / bf16Ms >= worthwhile ? 'bf16' : 'fp32')
const notesPath = () => join(attuneCache(), 'calibration.json')
const keyOf = (version: string, threads: number) =>
  `${cpus()[0]?.model ?? process.arch}, ${threads} threads, TensorFlow ${version}`

async function calibrationOf(engine: Engine): Promise<Calibration> {
  const key = keyOf(engine.info.version, engine.info.threads)
  const path = notesPath()
  const known = readCalibrations(path)
  const noted = known[key]
  if (noted) return noted
  const measured = await measure(engine)
  noteCalibrations(path, { ...known, [key]: measured })
  return measured
}

/** Shortest times of one product of two square matrices; in turns, so that other work on the machine hits both alike. */
async function measure(engine: Engine): Promise<Calibration> {
  const [fp32, bf16] = [await productIn(engine, 'fp32'), await productIn(engine, 'bf16')]
  try {
    const best = { fp32Ms: Number.POSITIVE_INFINITY, bf16Ms: Number.POSITIVE_INFINITY }
    for (let i = 0; i < runs; i++) {
      best.fp32Ms = Math.min(best.fp32Ms, timed(fp32))
      best.bf16Ms = Math.min(best.bf16Ms, timed(bf16))
    }
    return best
  } finally {
    fp32.close()
    bf16.close()
  }
}

function timed(session: Session): number {
  const begun = performance.now()
  session.run('product', {})
  return performance.now() - begun
}

async function productIn(engine: Engine, precision: Precision): Promise<Session> {
  const matrix = { shape: [side, side], dtype: 'float32' } as const
  const session = await engine.open({
    variables: { a: matrix, b: matrix },
    optimized: [],
    precision,
    programs: {
      product: {
        feeds: {},
        run: (_, { a, b }) => ({ fetches: { sum: tf.sum(tf.matMul(a as tf.Tensor2D, b as tf.Tensor2D)) } }),
      },
    },
  })
  const values = Float32Array.from({ length: side * side }, (_, i) => (i % 97) / 97 - 0.5)
  session.write({ a: values, b: values })
  return session
}

function readCalibrations(path: string): Record<string, Calibration> {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Record<string, Calibration>
  } catch {
    return {} // not there yet, or damaged: it is measured again
  }
}

function noteCalibrations(path: string, calibrations: Record<string, Calibration>): void {
  try {
    mkdirSync(attuneCache(), { recursive: true })
    const partial = `${path}.${process.pid}.partial`
    writeFileSync(partial, `${JSON.stringify(calibrations, null, 2)}\n`)
    renameSync(partial, path)
  } catch {
    // A cache that cannot be written to costs the measurement each time, nothing else.
  }
}
