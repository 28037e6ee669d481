import { type MouseEvent, useMemo } from 'react'
import { useHighlight } from '../../app/highlight.ts'

/** For the element around a block: whatever stands below `data-run` highlights that run in all blocks. */
export function useRunHover() {
  const set = useHighlight((highlight) => highlight.set)
  return useMemo(
    () => ({
      onMouseOver: ({ target }: MouseEvent) => {
        const cell = target instanceof Element ? target.closest<HTMLElement>('[data-run]') : null
        set(cell?.dataset.run ?? null)
      },
      onMouseLeave: () => set(null),
    }),
    [set],
  )
}
