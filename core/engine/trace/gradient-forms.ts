import type { GraphBuilder, Ref } from '../graph/graph-builder.ts'

/** The sums of rows of a table without those that are zero: engine/native/kernels/row-sums.cc. */
interface ShortSum {
  readonly sums: Ref
  /** For each row of the table which of them it is, or −1. */
  readonly slots: Ref
}

/**
 * Shorter forms of gradients, by the node that stands for the whole: whoever can work with one need not have a tensor as
 * large as a table, or a scaled copy. The node itself costs nothing when nobody asks for its output.
 */
export class GradientForms {
  private readonly products = new Map<Ref, { x: Ref; by: Ref }>()
  private readonly rowSums = new Map<Ref, { rows: Ref; ids: Ref; shape: readonly number[]; count: number }>()
  private readonly short = new Map<Ref, ShortSum>()

  /** Tells that `product` is x times the scalar `by`. */
  noteScaled(product: Ref, x: Ref, by: Ref): void {
    this.products.set(product, { x, by })
  }

  /** What a node is the product of, if one factor is a scalar. */
  scaled(product: Ref): { x: Ref; by: Ref } | undefined {
    return this.products.get(product)
  }

  /** Tells that `sum` [count, width] is, row by row, the sum of those of `rows` (`shape`: [n, width]) whose id it is. */
  noteRowSum(sum: Ref, rows: Ref, ids: Ref, shape: readonly number[], count: number): void {
    this.rowSums.set(sum, { rows, ids, shape, count })
  }

  /** Such a sum in its short form; undefined for a node that is none. */
  shortSum(builder: GraphBuilder, sum: Ref): ShortSum | undefined {
    const known = this.short.get(sum)
    const noted = this.rowSums.get(sum)
    if (known || !noted) return known
    const { rows, ids, shape, count } = noted
    const node = builder.node('AttuneRowSums', [rows, ids], { count: { int: count } })
    builder.outputs.set(node, { shape, dtype: 'float32' })
    builder.outputs.set(`${node}:1`, { shape: [count], dtype: 'int32' })
    const made = { sums: node, slots: `${node}:1` }
    this.short.set(sum, made)
    return made
  }

  forget(): void {
    this.products.clear()
    this.rowSums.clear()
    this.short.clear()
  }
}
