/** Columns of numbers as SQLite blobs. Little-endian, which every platform that Attune runs on is. */

export function blobOf(column: Int32Array | Float32Array): Buffer {
  return Buffer.from(column.buffer, column.byteOffset, column.byteLength)
}

export function int32Of(blob: Buffer): Int32Array {
  return new Int32Array(aligned(blob))
}

export function float32Of(blob: Buffer): Float32Array {
  return new Float32Array(aligned(blob))
}

/** A copy at the beginning of its own memory: a buffer may begin anywhere in a shared pool. */
function aligned(blob: Buffer): ArrayBuffer {
  return new Uint8Array(blob).buffer
}
