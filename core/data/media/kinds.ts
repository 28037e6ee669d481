/** What a file of a dataset can be, by its first bytes. */
export type MediaKind = 'image' | 'audio'

interface Signature {
  readonly kind: MediaKind
  readonly mime: string
  readonly matches: (head: Uint8Array) => boolean
}

const begins = (head: Uint8Array, bytes: readonly number[], at = 0) => bytes.every((byte, i) => head[at + i] === byte)
const letters = (text: string) => Array.from(text, (letter) => letter.charCodeAt(0))

const signatures: readonly Signature[] = [
  { kind: 'image', mime: 'image/png', matches: (head) => begins(head, [0x89, ...letters('PNG\r\n\x1a\n')]) },
  { kind: 'image', mime: 'image/jpeg', matches: (head) => begins(head, [0xff, 0xd8, 0xff]) },
  {
    kind: 'audio',
    mime: 'audio/wav',
    matches: (head) => begins(head, letters('RIFF')) && begins(head, letters('WAVE'), 8),
  },
]

/** What these bytes are the beginning of; null for anything that is not read here. */
export function mediaOf(head: Uint8Array): { readonly kind: MediaKind; readonly mime: string } | null {
  return signatures.find(({ matches }) => matches(head)) ?? null
}

/** By kind, as a sentence names what can be read. */
export const mediaFormats: Readonly<Record<MediaKind, string>> = { image: 'PNG and JPEG', audio: 'WAV' }
