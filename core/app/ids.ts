import { randomBytes } from 'node:crypto'

/** No i, l, o, u: ids are read aloud and typed. Thirty-two letters, five bits each. */
const letters = '0123456789abcdefghjkmnpqrstvwxyz'
const length = 12

/** Sixty random bits: also a folder's name, in any file system. */
export function newId(): string {
  return Array.from(randomBytes(length), (byte) => letters[byte % letters.length]).join('')
}
