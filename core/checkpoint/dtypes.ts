/** Element types of safetensors files, and their bytes. Only floating ones are read; the others are listed. */
export const dtypeBytes = {
  BOOL: 1,
  U8: 1,
  I8: 1,
  F8_E5M2: 1,
  F8_E4M3: 1,
  I16: 2,
  U16: 2,
  F16: 2,
  BF16: 2,
  I32: 4,
  U32: 4,
  F32: 4,
  F64: 8,
  I64: 8,
  U64: 8,
} as const

export type Dtype = keyof typeof dtypeBytes

export function isDtype(name: string): name is Dtype {
  return Object.hasOwn(dtypeBytes, name)
}

/** Those that `toFloat32` widens without loss. */
export function isReadable(dtype: Dtype): dtype is 'F32' | 'F16' | 'BF16' {
  return dtype === 'F32' || dtype === 'F16' || dtype === 'BF16'
}

/**
 * Little-endian bytes as float32; exact. The length is a multiple of the element's. F32 may share memory with `bytes`.
 */
export function toFloat32(dtype: 'F32' | 'F16' | 'BF16', bytes: Uint8Array): Float32Array {
  if (dtype === 'F32' && littleEndianHost && bytes.byteOffset % 4 === 0) {
    return new Float32Array(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.byteLength / 4)
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const values = new Float32Array(bytes.byteLength / dtypeBytes[dtype])
  if (dtype === 'F32') {
    for (let i = 0; i < values.length; i++) values[i] = view.getFloat32(i * 4, true)
    return values
  }
  if (dtype === 'BF16') {
    // bfloat16 is the upper half of a float32.
    const words = new Uint32Array(values.buffer)
    for (let i = 0; i < words.length; i++) words[i] = view.getUint16(i * 2, true) << 16
    return values
  }
  for (let i = 0; i < values.length; i++) values[i] = halfToFloat(view.getUint16(i * 2, true))
  return values
}

/** float32 values as little-endian bytes; shares memory where the machine is little-endian. */
export function fromFloat32(values: Float32Array): Uint8Array {
  if (littleEndianHost) return new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
  const view = new DataView(new ArrayBuffer(values.byteLength))
  for (let i = 0; i < values.length; i++) view.setFloat32(i * 4, values[i] as number, true)
  return new Uint8Array(view.buffer)
}

const littleEndianHost = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1

/** IEEE 754 binary16: 1 sign, 5 exponent (bias 15), 10 fraction bits. */
function halfToFloat(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >>> 10) & 0x1f
  const fraction = bits & 0x3ff
  if (exponent === 0) return sign * fraction * 2 ** -24
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15)
}
