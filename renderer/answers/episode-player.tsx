import { ActionIcon } from '@mantine/core'
import { Pause, Play, SkipBack, StepBack, StepForward } from 'lucide-react'
import { useEffect, useState } from 'react'
import type { EpisodeRecord } from '../../core/contract/episodes.ts'
import styles from './episode.module.css'
import { pictureOf } from './episode-pictures.tsx'
import { frameMs, momentOf } from './episode-words.ts'

/** An episode to be played again: at its end at first; the slider takes the arrow keys. */
export function EpisodePlayer({ record, name }: { record: EpisodeRecord; name: string }) {
  const last = record.actions.length
  const [at, setAt] = useState(last)
  const [playing, setPlaying] = useState(false)
  const Picture = pictureOf(record.env)
  const interval = frameMs(record)
  useEffect(() => {
    if (!playing) return
    const timer = setInterval(() => setAt((now) => Math.min(now + 1, last)), interval)
    return () => clearInterval(timer)
  }, [playing, interval, last])
  const over = at === last
  useEffect(() => {
    if (over) setPlaying(false)
  }, [over])
  const play = () => {
    if (over) setAt(0)
    setPlaying(!playing)
  }
  const go = (to: number) => {
    setPlaying(false)
    setAt(Math.max(0, Math.min(last, to)))
  }
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset would bring a form's looks
    <div className={styles.player} role="group" aria-label={`Episode of ${name}`}>
      {Picture && <Picture record={record} at={at} />}
      <div className={styles.controls}>
        <ActionIcon size={20} aria-label="To the beginning" disabled={at === 0} onClick={() => go(0)}>
          <SkipBack size={12} />
        </ActionIcon>
        <ActionIcon size={20} aria-label="A step back" disabled={at === 0} onClick={() => go(at - 1)}>
          <StepBack size={12} />
        </ActionIcon>
        <ActionIcon size={20} aria-label={playing ? 'Pause' : 'Play the episode'} onClick={play}>
          {playing ? <Pause size={12} /> : <Play size={12} />}
        </ActionIcon>
        <ActionIcon size={20} aria-label="A step on" disabled={over} onClick={() => go(at + 1)}>
          <StepForward size={12} />
        </ActionIcon>
        <input
          type="range"
          min={0}
          max={last}
          value={at}
          aria-label="Step"
          aria-valuetext={momentOf(record, at)}
          onChange={(event) => go(Number(event.currentTarget.value))}
          onKeyDown={(event) => {
            // Else they would go on to the next example.
            if (event.key.startsWith('Arrow')) event.stopPropagation()
          }}
        />
      </div>
      <span className={styles.moment}>{momentOf(record, at)}</span>
    </div>
  )
}
