import { describe, expect, test } from 'vitest'
import { AttuneError } from '../../../../core/contract/errors.ts'
import { Fourier } from '../../../../core/data/media/fourier.ts'
import { resample } from '../../../../core/data/media/resample.ts'
import { readWav, writeWav } from '../../../../core/data/media/wav.ts'

const wave = (count: number, rate: number, hertz: number) =>
  Float32Array.from({ length: count }, (_, i) => 0.5 * Math.sin((2 * Math.PI * hertz * i) / rate))

/** A WAV file of these bytes of sound, written by hand. */
function wav(format: number, channels: number, rate: number, bits: number, sound: Uint8Array, before: number[] = []) {
  const head = Buffer.alloc(28)
  head.write('WAVEfmt ', 0, 'latin1')
  head.writeUInt32LE(16, 8)
  head.writeUInt16LE(format, 12)
  head.writeUInt16LE(channels, 14)
  head.writeUInt32LE(rate, 16)
  head.writeUInt32LE((rate * channels * bits) / 8, 20)
  head.writeUInt16LE((channels * bits) / 8, 24)
  head.writeUInt16LE(bits, 26)
  const data = Buffer.alloc(8)
  data.write('data', 0, 'latin1')
  data.writeUInt32LE(sound.length, 4)
  const body = Buffer.concat([head, Buffer.from(before), data, sound])
  const riff = Buffer.alloc(8)
  riff.write('RIFF', 0, 'latin1')
  riff.writeUInt32LE(body.length, 4)
  return new Uint8Array(Buffer.concat([riff, body]))
}

function codeOf(work: () => unknown): [string, string] {
  try {
    work()
  } catch (thrown) {
    if (thrown instanceof AttuneError) return [thrown.code, thrown.message]
    throw thrown
  }
  throw new Error('nothing was thrown')
}

describe('WAV', () => {
  test('comes back as it was written, to the precision of 16 bits', () => {
    const samples = wave(1000, 8000, 440)
    const { samples: read, rate } = readWav(writeWav({ samples, rate: 8000 }), 'a.wav')
    expect(rate).toBe(8000)
    expect(Math.max(...read.map((value, i) => Math.abs(value - (samples[i] as number))))).toBeLessThan(1 / 32768)
  })

  test.each([
    ['8 bits', wav(1, 1, 8000, 8, Uint8Array.of(0, 128, 192))],
    ['16 bits', wav(1, 1, 8000, 16, new Uint8Array(Int16Array.of(-32768, 0, 16384).buffer))],
    ['24 bits', wav(1, 1, 8000, 24, Uint8Array.of(0, 0, 0x80, 0, 0, 0, 0, 0, 0x40))],
    ['32 bits', wav(1, 1, 8000, 32, new Uint8Array(Int32Array.of(-(2 ** 31), 0, 2 ** 30).buffer))],
    ['floats', wav(3, 1, 8000, 32, new Uint8Array(Float32Array.of(-1, 0, 0.5).buffer))],
    ['double floats', wav(3, 1, 8000, 64, new Uint8Array(Float64Array.of(-1, 0, 0.5).buffer))],
  ])('of %s', (_, bytes) => {
    expect(Array.from(readWav(bytes, 'a.wav').samples)).toEqual([-1, 0, 0.5])
  })

  test('mixes channels and steps over other parts, of odd length too', () => {
    const sound = new Uint8Array(Int16Array.of(16384, 0, -16384, -16384).buffer)
    const other = [...Buffer.from('LIST'), 3, 0, 0, 0, 1, 2, 3, 0]
    expect(Array.from(readWav(wav(1, 2, 8000, 16, sound, other), 'a.wav').samples)).toEqual([0.25, -0.5])
  })

  test('that is none, or is damaged, is named', () => {
    const whole = writeWav({ samples: wave(100, 8000, 440), rate: 8000 })
    expect(codeOf(() => readWav(Buffer.from('OggS'), 'a.ogg'))).toEqual([
      'bad_file',
      'a.ogg is no WAV file: it does not begin with RIFF and WAVE.',
    ])
    expect(codeOf(() => readWav(whole.subarray(0, 100), 'a.wav'))[1]).toBe('a.wav ends after 56 of 200 bytes of sound.')
    expect(codeOf(() => readWav(wav(7, 1, 8000, 8, Uint8Array.of(1)), 'a.wav'))[0]).toBe('unsupported')
    expect(codeOf(() => readWav(wav(1, 0, 8000, 16, Uint8Array.of(1)), 'a.wav'))[0]).toBe('bad_file')
    expect(codeOf(() => readWav(whole.subarray(0, 40), 'a.wav'))[0]).toBe('bad_file')
  })
})

test('the transform is the sum that it stands for, whatever the length', () => {
  for (const length of [1, 7, 12, 200, 400]) {
    const re = Float64Array.from({ length }, (_, i) => Math.sin(i * i))
    const im = Float64Array.from({ length }, (_, i) => Math.cos(3 * i))
    const values = { re: re.slice(), im: im.slice() }
    new Fourier(length).transform(values)
    for (const k of [0, 1, length - 1, length >> 1]) {
      let [a, b] = [0, 0]
      for (let n = 0; n < length; n++) {
        const angle = (-2 * Math.PI * ((n * k) % length)) / length
        a += (re[n] as number) * Math.cos(angle) - (im[n] as number) * Math.sin(angle)
        b += (re[n] as number) * Math.sin(angle) + (im[n] as number) * Math.cos(angle)
      }
      expect(values.re[k % length]).toBeCloseTo(a, 8)
      expect(values.im[k % length]).toBeCloseTo(b, 8)
    }
  }
})

describe('resampling', () => {
  test.each([
    [44100, 16000],
    [8000, 16000],
    [48000, 16000],
    [22050, 8000],
  ])('from %i to %i Hz keeps a tone', (from, to) => {
    const tone = resample(wave(from, from, 440), from, to)
    expect(tone.length).toBe(to)
    const expected = wave(to, to, 440)
    const inside = tone.subarray(200, -200).map((value, i) => Math.abs(value - (expected[i + 200] as number)))
    expect(Math.max(...inside)).toBeLessThan(0.005)
  })

  test('takes away what the lower rate cannot hold', () => {
    const high = resample(wave(16000, 16000, 6500), 16000, 8000)
    expect(Math.max(...high.subarray(100, -100).map(Math.abs))).toBeLessThan(0.01)
  })
})
