import { expect, test } from 'vitest'
import { transposed } from '../../../core/generate/transposed.ts'
import { someValues } from '../../support/engines.ts'

test.each([
  [1, 5],
  [5, 1],
  [32, 32],
  [70, 33],
])('a matrix of %i × %i is turned', (rows, columns) => {
  const matrix = someValues(rows * columns)
  const turned = transposed(matrix, rows, columns)
  expect(turned).toHaveLength(matrix.length)
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++)
      expect(turned[column * rows + row]).toBe(matrix[row * columns + column])
  }
})
