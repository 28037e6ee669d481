/**
 * The protocol buffer wire format, as far as writing a message needs it: varints, 4-byte floats and
 * length-delimited fields. Source: protobuf.dev, "Encoding".
 */
export type Field = Uint8Array

const encoder = new TextEncoder()

function varint(value: number): number[] {
  // Negative integers are written as 64-bit two's complement: ten bytes.
  if (value < 0) {
    let big = BigInt.asUintN(64, BigInt(value))
    const bytes: number[] = []
    for (; big > 127n; big >>= 7n) bytes.push(Number(big & 127n) | 128)
    bytes.push(Number(big))
    return bytes
  }
  const bytes: number[] = []
  for (; value > 127; value = Math.floor(value / 128)) bytes.push((value % 128) | 128)
  bytes.push(value)
  return bytes
}

/** An integer, bool or enum field. */
export function int(field: number, value: number | boolean): Field {
  return Uint8Array.from([...varint(field * 8), ...varint(Number(value))])
}

export function float(field: number, value: number): Field {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setFloat32(0, value, true)
  return concat([Uint8Array.from(varint(field * 8 + 5)), bytes])
}

export function bytes(field: number, value: Uint8Array): Field {
  return concat([Uint8Array.from([...varint(field * 8 + 2), ...varint(value.length)]), value])
}

export function text(field: number, value: string): Field {
  return bytes(field, encoder.encode(value))
}

export function message(field: number, fields: readonly Field[]): Field {
  return bytes(field, concat(fields))
}

export function concat(parts: readonly Uint8Array[]): Uint8Array {
  let length = 0
  for (const part of parts) length += part.length
  const whole = new Uint8Array(length)
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}
