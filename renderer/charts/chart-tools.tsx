import { ActionIcon, Menu, Tooltip } from '@mantine/core'
import { Download, Expand, RotateCcw, Shrink } from 'lucide-react'
import { memo, type ReactNode } from 'react'
import classes from './line-chart.module.css'

export interface ChartActs {
  resetZoom(): void
  toggleExpanded(): void
  save(kind: 'csv' | 'png' | 'svg'): void
}

export interface ChartToolsProps {
  /** What the chart shows. */
  name: string
  empty: boolean
  zoomed: boolean
  expanded: boolean
  acts: ChartActs
  children: ReactNode
}

/** The buttons above a chart. Not drawn anew with every point of a live curve. */
export const ChartTools = memo(function ChartTools(props: ChartToolsProps) {
  const { name, empty, zoomed, expanded, acts, children } = props
  return (
    <div className={classes.tools}>
      {zoomed && (
        <Tooltip label="Reset zoom (or double-click the chart)">
          <ActionIcon size={24} aria-label={`Reset zoom of ${name}`} onClick={acts.resetZoom}>
            <RotateCcw size={14} />
          </ActionIcon>
        </Tooltip>
      )}
      {children}
      {!empty && (
        <Menu position="bottom-end">
          <Menu.Target>
            <ActionIcon size={24} aria-label={`Download ${name}`}>
              <Download size={14} />
            </ActionIcon>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Item onClick={() => acts.save('csv')}>Numbers (CSV)</Menu.Item>
            <Menu.Item onClick={() => acts.save('png')}>Picture (PNG)</Menu.Item>
            <Menu.Item onClick={() => acts.save('svg')}>Drawing (SVG)</Menu.Item>
          </Menu.Dropdown>
        </Menu>
      )}
      <ActionIcon
        size={24}
        aria-label={expanded ? 'Leave full screen' : `Show ${name} full screen`}
        onClick={acts.toggleExpanded}
      >
        {expanded ? <Shrink size={14} /> : <Expand size={14} />}
      </ActionIcon>
    </div>
  )
})
