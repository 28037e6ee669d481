import { ArrowDown, ArrowUp } from 'lucide-react'
import { type ReactNode, useMemo, useState } from 'react'
import classes from './data-table.module.css'
import { type SortBy, type SortKey, sorted } from './sorting.ts'

export interface Column<Row> {
  id: string
  title: ReactNode
  cell: (row: Row, index: number) => ReactNode
  /** Given where the column can be sorted by. */
  value?: (row: Row) => SortKey
  /** Numbers stand at the end. */
  align?: 'start' | 'end'
  /** At least. */
  width?: number
}

export interface DataTableProps<Row> {
  /** What the table is, for those who cannot see it. */
  label: string
  columns: readonly Column<Row>[]
  rows: readonly Row[]
  rowKey: (row: Row) => string | number
  /** Clicking a row; the first cell should hold a link or button that does the same for the keyboard. */
  onRow?: (row: Row) => void
  initialSort?: SortBy
  maxHeight?: number | string
}

export function DataTable<Row>(props: DataTableProps<Row>) {
  const { label, columns, rows, rowKey, onRow, initialSort, maxHeight } = props
  const [sort, setSort] = useState<SortBy | null>(initialSort ?? null)
  const shown = useMemo(() => {
    const value = columns.find((column) => column.id === sort?.column)?.value
    return sort && value ? sorted(rows, value, sort.descending) : rows
  }, [rows, columns, sort])
  const turn = (column: string) =>
    setSort((now) => ({ column, descending: now?.column === column ? !now.descending : false }))

  return (
    <div className={classes.wrap} style={maxHeight === undefined ? undefined : { maxHeight }}>
      <table className={classes.table} aria-label={label}>
        <thead>
          <tr>
            {columns.map((column) => {
              const active = sort?.column === column.id
              const end = column.align === 'end' ? classes.end : ''
              return (
                <th
                  key={column.id}
                  scope="col"
                  style={{ width: column.width, minWidth: column.width }}
                  aria-sort={active ? (sort.descending ? 'descending' : 'ascending') : undefined}
                >
                  {column.value ? (
                    <button type="button" className={`${classes.head} ${end}`} onClick={() => turn(column.id)}>
                      {column.title}
                      {active && (sort.descending ? <ArrowDown size={12} /> : <ArrowUp size={12} />)}
                    </button>
                  ) : (
                    <div className={`${classes.head} ${end}`}>{column.title}</div>
                  )}
                </th>
              )
            })}
          </tr>
        </thead>
        <tbody>
          {shown.map((row, index) => (
            <tr
              key={rowKey(row)}
              className={onRow && classes.clickable}
              onClick={onRow && ((event) => isOnControl(event.target) || onRow(row))}
            >
              {columns.map((column) => (
                <td key={column.id} className={column.align === 'end' ? classes.end : undefined}>
                  {column.cell(row, index)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

/** A click on a button within a row is the button's. */
function isOnControl(target: EventTarget): boolean {
  return target instanceof Element && target.closest('a, button, input, label') !== null
}
