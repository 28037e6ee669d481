/**
 * The discrete Fourier transform of any length, quick where its prime factors are small: Stockham's self-sorting form
 * with mixed radices. Source: Van Loan, Computational Frameworks for the Fast Fourier Transform, 1992.
 */
export class Fourier {
  readonly length: number
  private readonly stages: readonly Stage[]
  private readonly spare: Complex

  constructor(length: number) {
    this.length = length
    this.stages = stagesOf(length)
    this.spare = complex(length)
  }

  /** Transforms in place: X[k] = Σ x[n]·e^(−2πi·kn/length). */
  transform(values: Complex): void {
    let from = values
    let to = this.spare
    for (const stage of this.stages) {
      pass(from, to, stage)
      const other = from
      from = to
      to = other
    }
    if (from !== values) {
      values.re.set(from.re)
      values.im.set(from.im)
    }
  }
}

export interface Complex {
  readonly re: Float64Array
  readonly im: Float64Array
}

export function complex(length: number): Complex {
  return { re: new Float64Array(length), im: new Float64Array(length) }
}

interface Stage {
  readonly radix: number
  /** What is left of the length after this stage. */
  readonly rest: number
  /** Product of the radices before it. */
  readonly stride: number
  /** e^(−2πi·jk/radix), row j. */
  readonly roots: Complex
  /** e^(−2πi·jp/(radix·rest)), row p. */
  readonly twiddles: Complex
}

function stagesOf(length: number): Stage[] {
  const stages: Stage[] = []
  let stride = 1
  for (let left = length; left > 1; ) {
    const radix = left % 4 === 0 ? 4 : smallestFactor(left)
    const rest = left / radix
    stages.push({
      radix,
      rest,
      stride,
      roots: turns(radix, radix, radix),
      twiddles: turns(rest, radix, left),
    })
    stride *= radix
    left = rest
  }
  return stages
}

/** e^(−2πi·ij/period) for rows i and columns j. */
function turns(rows: number, columns: number, period: number): Complex {
  const table = complex(rows * columns)
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      const angle = (-2 * Math.PI * ((i * j) % period)) / period
      table.re[i * columns + j] = Math.cos(angle)
      table.im[i * columns + j] = Math.sin(angle)
    }
  }
  return table
}

function smallestFactor(n: number): number {
  for (let factor = 2; factor * factor <= n; factor++) if (n % factor === 0) return factor
  return n
}

function pass(from: Complex, to: Complex, stage: Stage): void {
  if (stage.radix === 4) passOfFour(from, to, stage)
  else passOfAny(from, to, stage)
}

function passOfAny({ re: fr, im: fi }: Complex, { re, im }: Complex, stage: Stage): void {
  const { radix, rest, stride } = stage
  const { re: rr, im: ri } = stage.roots
  const { re: twr, im: twi } = stage.twiddles
  for (let p = 0; p < rest; p++) {
    for (let j = 0; j < radix; j++) {
      const tr = twr[p * radix + j] as number
      const ti = twi[p * radix + j] as number
      const target = stride * (radix * p + j)
      for (let q = 0; q < stride; q++) {
        let sr = 0
        let si = 0
        for (let k = 0, at = q + stride * p; k < radix; k++, at += stride * rest) {
          const wr = rr[j * radix + k] as number
          const wi = ri[j * radix + k] as number
          const xr = fr[at] as number
          const xi = fi[at] as number
          sr += xr * wr - xi * wi
          si += xr * wi + xi * wr
        }
        re[target + q] = sr * tr - si * ti
        im[target + q] = sr * ti + si * tr
      }
    }
  }
}

/** The same where the roots are 1, −i, −1 and i: sums alone. */
function passOfFour({ re: fr, im: fi }: Complex, { re, im }: Complex, { rest, stride, twiddles }: Stage): void {
  const { re: twr, im: twi } = twiddles
  const step = stride * rest
  for (let p = 0; p < rest; p++) {
    const turn = 4 * p
    for (let q = 0; q < stride; q++) {
      const a = q + stride * p
      const [b, c, d] = [a + step, a + 2 * step, a + 3 * step]
      const sumR = (fr[a] as number) + (fr[c] as number)
      const sumI = (fi[a] as number) + (fi[c] as number)
      const lessR = (fr[a] as number) - (fr[c] as number)
      const lessI = (fi[a] as number) - (fi[c] as number)
      const otherR = (fr[b] as number) + (fr[d] as number)
      const otherI = (fi[b] as number) + (fi[d] as number)
      const acrossR = (fi[b] as number) - (fi[d] as number)
      const acrossI = (fr[d] as number) - (fr[b] as number)
      const target = 4 * stride * p + q
      re[target] = sumR + otherR
      im[target] = sumI + otherI
      put(target + stride, lessR + acrossR, lessI + acrossI, turn + 1)
      put(target + 2 * stride, sumR - otherR, sumI - otherI, turn + 2)
      put(target + 3 * stride, lessR - acrossR, lessI - acrossI, turn + 3)
    }
  }
  function put(at: number, xr: number, xi: number, turn: number): void {
    const tr = twr[turn] as number
    const ti = twi[turn] as number
    re[at] = xr * tr - xi * ti
    im[at] = xr * ti + xi * tr
  }
}
