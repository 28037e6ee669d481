import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { writeWav } from '../data/media/wav.ts'
import { hash32, uniform } from '../util/random.ts'
import type { MadeSample } from './sample.ts'

/** Samples a second: as telephones have them. */
const rate = 8000

/** Sounds one after the other, with noise over all of it. */
function clipOf(parts: readonly Float32Array[], noise: number, key: number): Uint8Array {
  const samples = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    samples.set(part, at)
    at += part.length
  }
  return writeWav({ samples: samples.map((sample, i) => sample + noise * (uniform(key, i) - 0.5)), rate })
}

const silence = (seconds: number) => new Float32Array(Math.round(seconds * rate))

/** Softly begun and ended: pitch in Hz by the share of the sound that is over. */
function whistle(seconds: number, loudness: number, hertz: (share: number) => number): Float32Array {
  const count = Math.round(seconds * rate)
  let phase = 0
  return Float32Array.from({ length: count }, (_, i) => {
    phase += (2 * Math.PI * hertz(i / count)) / rate
    const softly = Math.min(1, i / 80, (count - i) / 80)
    return loudness * softly * (Math.sin(phase) + 0.4 * Math.sin(2 * phase) + 0.2 * Math.sin(3 * phase))
  })
}

/** Each word is three whistles: how high each begins and ends, in whole tones above the speaker's voice. */
const words: Readonly<Record<string, readonly (readonly [number, number])[]>> = {
  go: [
    [0, 0],
    [0, 6],
    [6, 6],
  ],
  stop: [
    [6, 6],
    [6, 0],
    [0, 0],
  ],
  left: [
    [3, 0],
    [0, 3],
    [3, 3],
  ],
  right: [
    [3, 6],
    [6, 3],
    [3, 3],
  ],
  yes: [
    [0, 3],
    [3, 6],
    [6, 9],
  ],
  no: [
    [9, 6],
    [6, 3],
    [3, 0],
  ],
  up: [
    [0, 9],
    [9, 9],
    [0, 9],
  ],
  down: [
    [9, 0],
    [0, 0],
    [9, 0],
  ],
}
const clipsPerWord = 60

/** Words of a made-up whistled language, by speakers of different voices, paces and rooms. */
export const toneWords: MadeSample = {
  name: 'tone-words',
  title: 'Whistled words',
  description: `${clipsPerWord * Object.keys(words).length} constructed clips of eight words in a whistled language, each by another voice.`,
  task: 'audio-classification',
  version: 1,
  async make(dir) {
    for (const [word, contour] of Object.entries(words)) {
      await mkdir(join(dir, 'words', word), { recursive: true })
      for (let i = 0; i < clipsPerWord; i++) {
        const key = hash32(1, ...Array.from(word, (letter) => letter.charCodeAt(0)), i)
        const voice = 350 * 2 ** uniform(key, 0)
        const pace = 0.75 + 0.5 * uniform(key, 1)
        const loudness = 0.1 + 0.2 * uniform(key, 2)
        const parts = contour.map(([from, to]) =>
          whistle(0.16 * pace, loudness, (share) => voice * 2 ** ((from + (to - from) * share) / 6)),
        )
        const clip = clipOf([silence(0.15 * uniform(key, 3)), ...parts], 0.05 + 0.1 * uniform(key, 4), key)
        await writeFile(join(dir, 'words', word, `${String(i).padStart(3, '0')}.wav`), clip)
      }
    }
    return 'words'
  },
}

/** The pairs of tones that a telephone's keys stand for (ITU-T Q.23), Hz. */
const rows = [697, 770, 852, 941]
const columns = [1209, 1336, 1477]
const keys = ['123', '456', '789', '*0#']
const numbers = 2000

/** Telephone numbers as they are dialled, to be written down. */
export const dialledNumbers: MadeSample = {
  name: 'dialled-numbers',
  title: 'Dialled numbers',
  description: `${numbers.toLocaleString('en')} constructed clips of two to four telephone keys, and the digits that were dialled.`,
  task: 'automatic-speech-recognition',
  version: 2,
  async make(dir) {
    await mkdir(join(dir, 'numbers', 'clips'), { recursive: true })
    const lines: string[] = []
    for (let i = 0; i < numbers; i++) {
      const key = hash32(2, i)
      const digits = Array.from({ length: 2 + Math.floor(3 * uniform(key, 0)) }, (_, k) =>
        String(Math.floor(10 * uniform(key, 1, k))),
      )
      const loudness = 0.1 + 0.15 * uniform(key, 2)
      const parts = digits.flatMap((digit, k) => [
        silence(0.03 + 0.05 * uniform(key, 3, k)),
        pressed(digit, 0.08 + 0.06 * uniform(key, 4, k), loudness),
      ])
      const name = `clips/${String(i).padStart(4, '0')}.wav`
      await writeFile(join(dir, 'numbers', name), clipOf(parts, 0.02 + 0.1 * uniform(key, 5), key))
      lines.push(JSON.stringify({ file_name: name, transcript: digits.join(' ') }))
    }
    await writeFile(join(dir, 'numbers', 'metadata.jsonl'), `${lines.join('\n')}\n`)
    return 'numbers'
  },
}

function pressed(digit: string, seconds: number, loudness: number): Float32Array {
  const row = keys.findIndex((line) => line.includes(digit))
  const low = rows[row] as number
  const high = columns[(keys[row] as string).indexOf(digit)] as number
  const count = Math.round(seconds * rate)
  const wave = (hertz: number, i: number) => Math.sin((2 * Math.PI * hertz * i) / rate)
  return Float32Array.from({ length: count }, (_, i) => {
    const softly = Math.min(1, i / 40, (count - i) / 40)
    return loudness * softly * (wave(low, i) + wave(high, i))
  })
}
