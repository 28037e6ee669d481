import { add, div, expandDims, maximum, mean, mul, rsqrt, type Tensor } from '@tensorflow/tfjs-core'
import { globalNorm } from '../nn/global-norm.ts'
import { meanSquares } from '../nn/mean-squares.ts'
import { adafactorNames, decayOf } from './optimizer.ts'
import type { UpdateRule } from './update-rules.ts'

/**
 * Adafactor (Shazeer, Stern 2018) as transformers' Trainer sets it up (optim="adafactor": transformers/optimization.py,
 * Adafactor with scale_parameter and relative_step False, no first moment, clip_threshold 1, eps 1e-30): the learning
 * rate is the schedule's. Of a matrix only the means of each row and each column of the squared gradient are kept.
 */
const epsilon = 1e-30
const clipThreshold = 1

/**
 * u ← g · 1/√v, v rank one for a matrix; u ← u / max(1, rms(u)); w ← w − lr·decay·w − lr·u. Every step is written so
 * that it can overwrite the gradient: nothing else of its size is kept.
 */
export const adafactor: UpdateRule = (names, grads, config, feeds, variables) => {
  const rate = feeds.learning_rate as Tensor
  const fresh = feeds.fresh_share as Tensor
  const kept = feeds.kept_share as Tensor
  const moment = (variable: string, squares: Tensor) => ({
    kind: 'assign' as const,
    name: variable,
    value: add(mul(variables[variable] as Tensor, kept), mul(add(squares, epsilon), fresh)),
  })
  return {
    updates: names.flatMap((name, i) => {
      const grad = grads[i] as Tensor
      const state = adafactorNames(name)
      const descend = (update: Tensor) => {
        const norm = div(globalNorm([update]), Math.sqrt(update.size) * clipThreshold)
        const decay = decayOf(name, config)
        return {
          kind: 'descend' as const,
          name,
          step: mul(update, div(rate, maximum(norm, 1))),
          decay: decay === 0 ? null : mul(rate, decay),
        }
      }
      if (grad.rank < 2) {
        const whole = moment(state.whole, mul(grad, grad))
        return [whole, descend(mul(grad, rsqrt(whole.value)))]
      }
      const row = moment(state.row, meanSquares(grad, -1))
      const column = moment(state.column, meanSquares(grad, -2))
      const rowFactor = rsqrt(div(row.value, mean(row.value, -1, true)))
      const byRow = mul(grad, expandDims(rowFactor, -1))
      return [row, column, descend(mul(byRow, expandDims(rsqrt(column.value), -2)))]
    }),
  }
}
