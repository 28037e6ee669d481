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

function pass(from: Complex, to: Complex, { radix, rest, stride, roots, twiddles }: Stage): void {
  for (let p = 0; p < rest; p++) {
    for (let j = 0; j < radix; j++) {
      const tr = twiddles.re[p * radix + j] as number
      const ti = twiddles.im[p * radix + j] as number
      const target = stride * (radix * p + j)
      for (let q = 0; q < stride; q++) {
        let re = 0
        let im = 0
        for (let k = 0; k < radix; k++) {
          const at = q + stride * (p + rest * k)
          const wr = roots.re[j * radix + k] as number
          const wi = roots.im[j * radix + k] as number
          const xr = from.re[at] as number
          const xi = from.im[at] as number
          re += xr * wr - xi * wi
          im += xr * wi + xi * wr
        }
        to.re[target + q] = re * tr - im * ti
        to.im[target + q] = re * ti + im * tr
      }
    }
  }
}
