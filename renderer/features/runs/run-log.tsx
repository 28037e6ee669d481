import { Button, CopyButton, Switch } from '@mantine/core'
import { useVirtualizer } from '@tanstack/react-virtual'
import { useEffect, useRef, useState } from 'react'
import { ErrorPanel } from '../../ui/error-panel.tsx'
import { plural } from '../../ui/format.ts'
import classes from './run-detail.module.css'
import { NotYet } from './run-summary.tsx'
import { useLog } from './use-log.ts'

const lineHeight = 20
/** Scrolled to within so many pixels of the end, the log goes on following. */
const nearEnd = 30

export function RunLog({ id }: { id: string }) {
  const { data: lines = [], error, isPending, refetch } = useLog(id)
  const [follow, setFollow] = useState(true)
  const scroll = useRef<HTMLDivElement>(null)
  const rows = useVirtualizer({
    count: lines.length,
    getScrollElement: () => scroll.current,
    estimateSize: () => lineHeight,
    overscan: 20,
  })
  const count = lines.length
  useEffect(() => {
    if (follow && count > 0) rows.scrollToIndex(count - 1)
  }, [follow, count, rows])

  if (error) return <ErrorPanel error={error} onRetry={() => void refetch()} />
  if (!isPending && count === 0) return <NotYet>Nothing is logged yet.</NotYet>
  return (
    <div className={classes.log}>
      <div className={classes.logBar}>
        <Switch label="Follow" checked={follow} onChange={(event) => setFollow(event.currentTarget.checked)} />
        <span>{plural(count, 'line')}</span>
        <CopyButton
          value={lines.map((line) => `${new Date(line.at).toISOString()} ${line.level} ${line.text}`).join('\n')}
        >
          {({ copied, copy }) => (
            <Button variant="subtle" size="compact-xs" ml="auto" onClick={copy}>
              {copied ? 'Copied' : 'Copy all'}
            </Button>
          )}
        </CopyButton>
      </div>
      <div
        ref={scroll}
        className={classes.lines}
        role="log"
        aria-label="Log of the run"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolled region must be reachable to be scrolled by keyboard
        tabIndex={0}
        onWheel={(event) => {
          const { scrollHeight, scrollTop, clientHeight } = event.currentTarget
          setFollow(event.deltaY > 0 && scrollHeight - scrollTop - clientHeight < nearEnd)
        }}
      >
        <div style={{ height: rows.getTotalSize(), position: 'relative' }}>
          {rows.getVirtualItems().map(({ index, start }) => {
            const line = lines[index]
            return (
              line && (
                <div
                  key={line.seq}
                  ref={rows.measureElement}
                  data-index={index}
                  className={classes.lineRow}
                  data-level={line.level}
                  style={{ transform: `translateY(${start}px)` }}
                >
                  <time dateTime={new Date(line.at).toISOString()}>{clock(line.at)}</time>
                  <span>{line.text}</span>
                </div>
              )
            )
          })}
        </div>
      </div>
    </div>
  )
}

/** 14:05:09 */
function clock(at: number): string {
  return new Date(at).toLocaleTimeString('en-GB')
}
