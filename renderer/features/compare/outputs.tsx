import { ActionIcon, Button, SegmentedControl, Skeleton, TextInput } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { keepPreviousData } from '@tanstack/react-query'
import { ChevronLeft, ChevronRight, Search, X } from 'lucide-react'
import { useEffect, useState } from 'react'
import { type OutputFilter, outputFilterSchema, type Run } from '../../../core/contract/domain.ts'
import { taskJudgements } from '../../../core/contract/judgement.ts'
import { useCall } from '../../client/hooks.ts'
import { ErrorPanel } from '../../ui/error-panel.tsx'
import { formatCount, plural } from '../../ui/format.ts'
import { useShortcut } from '../../ui/shortcuts.ts'
import type { CompareAddress } from './address.ts'
import styles from './compare.module.css'
import { OutputTable } from './output-table.tsx'
import outputsStyles from './outputs.module.css'
import { Section } from './section.tsx'
import tableStyles from './table.module.css'
import { type Place, pageCount, pageSize, walked } from './walk.ts'

const filterNames: Record<OutputFilter, string> = {
  all: 'All',
  disagree: 'They disagree',
  wrong: 'Any wrong',
  'all-right': 'All right',
  'only-baseline-right': 'Only baseline right',
  'only-candidate-right': 'Only candidate right',
  'all-wrong': 'All wrong',
}

/** Where examples have values: those filters that mean something, and what. */
const valueFilterNames: Partial<Record<OutputFilter, string>> = {
  all: 'All',
  'only-baseline-right': 'Baseline better',
  'only-candidate-right': 'Candidate better',
  'all-right': 'Alike',
}

export interface OutputsProps {
  /** The baseline first. */
  runs: readonly Run[]
  address: CompareAddress
  change: (change: Partial<CompareAddress>) => void
}

/** What each run says on the validation examples that all of them predicted. */
export function Outputs({ runs, address, change }: OutputsProps) {
  const { filter, versus } = address
  const [typed, setTyped] = useState(address.search)
  const [search] = useDebouncedValue(typed.trim(), 250)
  const shown = versus === null ? runs : runs.filter((run, at) => at === 0 || run.id === versus)
  const ids = shown.map((run) => run.id)
  const [place, setPlace] = useState<Place>({ page: 0, row: 0 })
  const outputs = useCall(
    'comparisons.outputs',
    { runs: ids, filter, offset: place.page * pageSize, limit: pageSize, ...(search !== '' && { search }) },
    { placeholderData: keepPreviousData },
  )

  useEffect(() => {
    if (search !== address.search) change({ search })
  }, [search, address.search, change])
  const question = `${ids.join()} ${filter} ${search}`
  // biome-ignore lint/correctness/useExhaustiveDependencies: another question begins at its first example
  useEffect(() => setPlace({ page: 0, row: 0 }), [question])

  const { data } = outputs
  const matching = data?.matching ?? 0
  const walk = (by: 1 | -1) => (matching > 0 ? () => setPlace((now) => walked(now, by, matching)) : null)
  useShortcut('ArrowRight', 'Next example', 'Compare', walk(1))
  useShortcut('ArrowLeft', 'Previous example', 'Compare', walk(-1))

  const candidate = shown.length === 2 ? shown[1] : undefined
  const { by } = taskJudgements[runs[0]?.config.task ?? 'text-classification']
  const names = by === 'right' ? filterNames : valueFilterNames
  const filters = outputFilterSchema.options.flatMap((value) => {
    const label = names[value]
    return label === undefined ? [] : [{ value, label }]
  })
  return (
    <Section
      id="outputs"
      note={
        data &&
        (by === 'right'
          ? `${formatCount(data.common)} common examples, the runs disagree on ${formatCount(data.disagree)}`
          : `${formatCount(data.common)} common examples`)
      }
      tools={
        <TextInput
          aria-label="Search the examples"
          placeholder="Search the examples"
          leftSection={<Search size={13} />}
          value={typed}
          onChange={(event) => setTyped(event.currentTarget.value)}
          w={200}
        />
      }
    >
      <div className={outputsStyles.filters}>
        <SegmentedControl
          aria-label="Which examples"
          data={filters}
          value={filter}
          onChange={(value) => change({ filter: outputFilterSchema.parse(value) })}
        />
        {versus !== null && candidate && (
          <Button
            variant="light"
            size="compact-xs"
            rightSection={<X size={12} />}
            onClick={() => change({ versus: null })}
          >
            Baseline and {candidate.name} only
          </Button>
        )}
        {data && <Pager place={place} matching={matching} onPage={(page) => setPlace({ page, row: 0 })} />}
      </div>
      {outputs.error && <ErrorPanel error={outputs.error} onRetry={() => void outputs.refetch()} />}
      {outputs.isPending && <Skeleton height={200} />}
      {data?.note && (
        <p className={styles.caution} role="status">
          {data.note}
        </p>
      )}
      {data && data.rows.length === 0 && <p className={tableStyles.none}>{nothing(data.common, filter, search)}</p>}
      {data && data.rows.length > 0 && (
        <OutputTable
          runs={shown}
          rows={data.rows}
          search={search}
          current={Math.min(place.row, data.rows.length - 1)}
          onCurrent={(row) => setPlace({ ...place, row })}
        />
      )}
    </Section>
  )
}

function nothing(common: number, filter: OutputFilter, search: string): string {
  if (common === 0)
    return 'There is no example that all of these runs have predicted. Predictions are made when a run ends.'
  if (search !== '') return 'No example has these words.'
  if (filter === 'disagree') return `The runs agree on all ${formatCount(common)} examples.`
  return `None of the ${formatCount(common)} common examples is like this.`
}

interface PagerProps {
  place: Place
  matching: number
  onPage: (page: number) => void
}

function Pager({ place, matching, onPage }: PagerProps) {
  const pages = pageCount(matching)
  const from = place.page * pageSize
  return (
    <nav className={outputsStyles.pager} aria-label="Pages of examples">
      <span className="tabular">
        {matching === 0
          ? plural(0, 'example')
          : `${formatCount(from + 1)}–${formatCount(Math.min(from + pageSize, matching))} of ${plural(matching, 'example')}`}
      </span>
      <ActionIcon aria-label="Previous page" disabled={place.page === 0} onClick={() => onPage(place.page - 1)}>
        <ChevronLeft size={16} />
      </ActionIcon>
      <ActionIcon aria-label="Next page" disabled={place.page + 1 >= pages} onClick={() => onPage(place.page + 1)}>
        <ChevronRight size={16} />
      </ActionIcon>
    </nav>
  )
}
