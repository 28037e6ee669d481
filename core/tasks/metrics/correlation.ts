/** Pearson's correlation of two columns; 0 where one of them does not vary. */
export function pearson(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const [x, y] = [centred(a), centred(b)]
  let [product, xx, yy] = [0, 0, 0]
  for (let i = 0; i < x.length; i++) {
    product += (x[i] as number) * (y[i] as number)
    xx += (x[i] as number) ** 2
    yy += (y[i] as number) ** 2
  }
  return xx === 0 || yy === 0 ? 0 : product / Math.sqrt(xx * yy)
}

/** Spearman's: Pearson's of the ranks, equal values sharing theirs. */
export function spearman(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return pearson(ranks(a), ranks(b))
}

function centred(values: ArrayLike<number>): Float64Array {
  const column = Float64Array.from(values)
  const mean = column.reduce((sum, value) => sum + value, 0) / column.length
  return column.map((value) => value - mean)
}

/** From 1, ascending; equal values have the mean of their places. */
function ranks(values: ArrayLike<number>): Float64Array {
  const order = Array.from(values, (_, i) => i).sort((i, j) => (values[i] as number) - (values[j] as number))
  const rank = new Float64Array(values.length)
  for (let from = 0; from < order.length; ) {
    let to = from + 1
    while (to < order.length && values[order[to] as number] === values[order[from] as number]) to++
    for (let place = from; place < to; place++) rank[order[place] as number] = (from + 1 + to) / 2
    from = to
  }
  return rank
}
