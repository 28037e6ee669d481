import type { PartialMapping, Preview } from '../../../core/contract/domain.ts'
import type { TaskName } from '../../../core/contract/settings.ts'
import { formatCount } from '../../ui/format.ts'
import { headingOf } from './columns.ts'
import styles from './datasets.module.css'
import importStyles from './import.module.css'

interface PreviewTableProps {
  preview: Preview
  mapping: PartialMapping
  /** What the data is to be for. */
  task: TaskName
}

/** The first rows as they were read; the used columns stand out. */
export function PreviewTable({ preview, mapping, task }: PreviewTableProps) {
  const role = (name: string) => Object.keys(mapping).find((one) => mapping[one] === name)
  return (
    <div className={importStyles.previewWrap}>
      <table className={importStyles.preview} aria-label="First rows">
        <thead>
          <tr>
            <th scope="col">{preview.format === 'folder' ? 'File' : 'Line'}</th>
            {preview.columns.map((column) => {
              const use = role(column.name)
              return (
                <th scope="col" key={column.name} data-role={use}>
                  {column.name}
                  {use && <span className={importStyles.role}>{headingOf(task, use)}</span>}
                  <div className={styles.columnFacts}>
                    {formatCount(column.distinct)} distinct
                    {column.empty > 0 && `, ${formatCount(column.empty)} empty`}
                  </div>
                </th>
              )
            })}
          </tr>
        </thead>
        <tbody>
          {preview.rows.slice(0, 20).map((row) => (
            <tr key={row.line}>
              <td>{row.line}</td>
              {preview.columns.map((column, at) => (
                <td key={column.name} data-role={role(column.name)} title={row.cells[at]?.slice(0, 1000)}>
                  <div className={importStyles.cell}>{row.cells[at]}</div>
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
