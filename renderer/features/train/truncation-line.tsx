import { keepPreviousData } from '@tanstack/react-query'
import type { Dataset, Model } from '../../../core/contract/domain.ts'
import { useCall } from '../../client/hooks.ts'
import { formatCount, formatPercent } from '../../ui/format.ts'
import styles from './train.module.css'

export interface TruncationLineProps {
  model: Model
  dataset: Dataset
  maxLength: number
}

/** How much of this dataset this model does not get to see at this length. */
export function TruncationLine({ model, dataset, maxLength }: TruncationLineProps) {
  const { data, error } = useCall(
    'datasets.tokens',
    { id: dataset.id, model: model.id, maxLength, limit: 1 },
    { placeholderData: keepPreviousData },
  )
  if (error) return <p className={styles.note}>The tokens could not be counted: {error.message}</p>
  if (!data) return <p className={styles.note}>Counting tokens…</p>
  const share = data.scanned === 0 ? 0 : data.truncated / data.scanned
  return (
    <p className={styles.note} data-warn={share > 0.05 || undefined}>
      {share === 0
        ? `No row is cut at ${formatCount(data.maxLength)} tokens (the longest has ${formatCount(data.lengths.max)}).`
        : `${formatPercent(share)} of rows are cut at ${formatCount(data.maxLength)} tokens; half have at most ${formatCount(data.lengths.median)}, 95 % at most ${formatCount(data.lengths.p95)}.`}
    </p>
  )
}
