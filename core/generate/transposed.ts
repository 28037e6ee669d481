/** Side of the squares that are turned one after the other: what is read and what is written of one stays in the cache. */
const side = 32

/** A matrix [rows, columns] as [columns, rows]. */
export function transposed(matrix: Float32Array, rows: number, columns: number): Float32Array {
  const turned = new Float32Array(matrix.length)
  for (let top = 0; top < rows; top += side) {
    const bottom = Math.min(top + side, rows)
    for (let left = 0; left < columns; left += side) {
      const right = Math.min(left + side, columns)
      for (let column = left; column < right; column++) {
        for (let row = top; row < bottom; row++) turned[column * rows + row] = matrix[row * columns + column] as number
      }
    }
  }
  return turned
}
