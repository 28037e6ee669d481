import { Button, Group, NumberInput, Select, Skeleton, Text } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { keepPreviousData } from '@tanstack/react-query'
import { useState } from 'react'
import { Link } from 'wouter'
import type { Dataset, Model } from '../../../core/contract/domain.ts'
import { useCall } from '../../client/hooks.ts'
import { EmptyState } from '../../ui/empty-state.tsx'
import { ErrorPanel } from '../../ui/error-panel.tsx'
import { formatCount } from '../../ui/format.ts'
import styles from './datasets.module.css'
import { LengthHistogram } from './length-histogram.tsx'
import { TokenRow } from './token-row.tsx'
import tokensStyles from './tokens.module.css'
import { suggestedLength, truncationSentence } from './truncation.ts'

const shownRows = 12

/** What a model's tokenizer makes of the rows, and how much a max length cuts. */
export function TokenTab({ dataset }: { dataset: Dataset }) {
  const models = useCall('models.list', {})
  if (models.error) return <ErrorPanel error={models.error} />
  if (!models.data) return <Skeleton height={160} />
  if (models.data.models.length === 0) {
    return (
      <EmptyState
        title="No model to cut the text into tokens"
        action={
          <Button component={Link} href="/models">
            Add a model
          </Button>
        }
      >
        Each model brings its own tokenizer. Add one and this tab shows what it will see of your rows.
      </EmptyState>
    )
  }
  return <Tokens dataset={dataset} models={models.data.models} />
}

function Tokens({ dataset, models }: { dataset: Dataset; models: readonly Model[] }) {
  const [chosen, setChosen] = useState(models[0]?.id ?? '')
  const [typed, setTyped] = useState<number | string>(128)
  const model = models.find(({ id }) => id === chosen) ?? models[0]
  const most = model?.maxPositions || 4096
  const [maxLength] = useDebouncedValue(typeof typed === 'number' ? Math.min(Math.max(typed, 8), most) : null, 250)
  const tokens = useCall(
    'datasets.tokens',
    { id: dataset.id, model: model?.id ?? '', maxLength: maxLength ?? 128, limit: shownRows },
    { enabled: maxLength !== null && model !== undefined, placeholderData: keepPreviousData },
  )
  const suggestion = tokens.data && suggestedLength(tokens.data, most)
  return (
    <div className={tokensStyles.tokens}>
      <Group gap="sm" align="end">
        <Select
          label="Model"
          data={models.map(({ id, name }) => ({ value: id, label: name }))}
          value={model?.id ?? null}
          allowDeselect={false}
          onChange={(value) => value !== null && setChosen(value)}
          w={240}
        />
        <NumberInput
          label="Max length"
          suffix=" tokens"
          min={8}
          max={most}
          step={32}
          allowDecimal={false}
          value={typed}
          onChange={setTyped}
          w={140}
        />
        {suggestion !== undefined && suggestion !== maxLength && (
          <Button variant="default" onClick={() => setTyped(suggestion)}>
            Use {formatCount(suggestion)}
          </Button>
        )}
      </Group>
      {tokens.error && <ErrorPanel error={tokens.error} />}
      {tokens.isPending && <Skeleton height={200} />}
      {tokens.data && (
        <>
          <p
            className={tokens.data.truncated > 0.05 * tokens.data.scanned ? styles.caution : styles.plain}
            role="status"
          >
            {truncationSentence(tokens.data, most)}
          </p>
          <LengthHistogram lengths={tokens.data.lengths} maxLength={tokens.data.maxLength} />
          <Text fz={12} c="dimmed">
            Half of the rows have at most {formatCount(tokens.data.lengths.median)} tokens, 95 % at most{' '}
            {formatCount(tokens.data.lengths.p95)}; the longest has {formatCount(tokens.data.lengths.max)}. Marks such
            as [CLS] are counted.
          </Text>
          <table className={tokensStyles.tokenTable} aria-label="Tokens of the first rows">
            <tbody>
              {tokens.data.rows.map((row) => (
                <TokenRow key={row.row} row={row} />
              ))}
            </tbody>
          </table>
        </>
      )}
    </div>
  )
}
