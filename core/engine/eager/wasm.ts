import '@tensorflow/tfjs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { setThreadsCount, setWasmPaths } from '@tensorflow/tfjs-backend-wasm'
import * as tf from '@tensorflow/tfjs-core'

/**
 * tfjs's WebAssembly backend as the current one, with the one kernel that it lacks and BERT's gradient needs.
 * Slow: a step of a small BERT takes about a hundred times as long as in the graph engine. Nothing has to be fetched or
 * compiled for it.
 */
export async function installWasmBackend(threads: number): Promise<void> {
  const folder = dirname(createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm'))
  setWasmPaths(join(folder, '/'))
  setThreadsCount(threads)
  if (!tf.getKernel('UnsortedSegmentSum', 'wasm')) {
    tf.registerKernel({ kernelName: 'UnsortedSegmentSum', backendName: 'wasm', kernelFunc: unsortedSegmentSum })
  }
  await tf.setBackend('wasm')
}

/** Adds row i of x to row segmentIds[i] of the result: the gradient of an embedding look-up. */
const unsortedSegmentSum: tf.KernelFunc = ({ inputs, backend, attrs }) => {
  const { x, segmentIds } = inputs as { x: tf.TensorInfo; segmentIds: tf.TensorInfo }
  const { numSegments } = attrs as unknown as { numSegments: number }
  const store = backend as tf.KernelBackend
  const rows = store.readSync(x.dataId) as Float32Array
  const ids = store.readSync(segmentIds.dataId) as Int32Array
  const shape = [numSegments, ...x.shape.slice(segmentIds.shape.length)]
  const sums = new Float32Array(tf.util.sizeFromShape(shape))
  const width = sums.length / numSegments
  for (let i = 0; i < ids.length; i++) {
    const to = (ids[i] as number) * width
    for (let j = 0; j < width; j++) sums[to + j] = (sums[to + j] as number) + (rows[i * width + j] as number)
  }
  return { dataId: store.write(sums, shape, 'float32'), shape, dtype: 'float32' }
}
