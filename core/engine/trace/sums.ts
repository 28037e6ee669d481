import type { GraphBuilder, Ref } from '../graph/graph-builder.ts'

const float32 = { type: 'float32' } as const

/**
 * Additions of float32 as nodes whose result does not depend on chance. TensorFlow makes one AddN of a chain of additions,
 * and AddN begins with whichever of its inputs has memory to give away, so that the last bit of a sum of three may differ
 * from run to run. Where the own operations are there, whatever is added to a sum is added by one of them
 * (native/kernels/sum.cc): it keeps to the order of its parts, and TensorFlow does not look into it. Where they are not,
 * nothing is done about it.
 */
export class Sums {
  private readonly own: boolean
  private readonly made = new Set<Ref>()

  constructor(own: boolean) {
    this.own = own
  }

  /** x + y; `alike` where both are of the result's shape. */
  add(builder: GraphBuilder, x: Ref, y: Ref, alike: boolean): Ref {
    if (this.own && alike && (this.made.has(x) || this.made.has(y))) return this.addAll(builder, [x, y])
    const sum = builder.node('AddV2', [x, y], { T: float32 })
    this.made.add(sum)
    return sum
  }

  /** The sum of tensors of one shape. */
  addAll(builder: GraphBuilder, parts: readonly Ref[]): Ref {
    const attrs = { N: { int: parts.length } }
    const sum = this.own
      ? builder.node('AttuneSum', parts, attrs)
      : builder.node('AddN', parts, { ...attrs, T: float32 })
    this.made.add(sum)
    return sum
  }

  forget(): void {
    this.made.clear()
  }
}
