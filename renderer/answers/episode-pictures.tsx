import type { ReactNode } from 'react'
import type { EpisodeRecord } from '../../core/contract/episodes.ts'
import styles from './episode.module.css'

interface PictureProps {
  readonly record: EpisodeRecord
  /** Steps made. */
  readonly at: number
}

type Picture = (props: PictureProps) => ReactNode

/** By environment: see core/environments for what frames and scenes hold. */
const pictures: Readonly<Record<string, Picture>> = {
  'grid-world': GridPicture,
  'cart-pole': CartPicture,
  'tic-tac-toe': BoardPicture,
  table: TablePicture,
}

export function pictureOf(env: string): Picture | undefined {
  return pictures[env]
}

/** Walls, the goal, and the way up to now. */
function GridPicture({ record: { scene, frames }, at }: PictureProps) {
  const plan = scene.plan as string[]
  const [goalX = 0, goalY = 0] = scene.goal as number[]
  const [x = 0, y = 0] = frames[at] ?? []
  const way = frames.slice(0, at + 1).map(([wayX = 0, wayY = 0]) => `${wayX + 0.5},${wayY + 0.5}`)
  return (
    <svg className={styles.picture} viewBox={`0 0 ${plan[0]?.length ?? 1} ${plan.length}`} aria-hidden>
      {plan.flatMap((line, row) =>
        Array.from(line, (cell, column) =>
          cell === '#' ? (
            // biome-ignore lint/suspicious/noArrayIndexKey: a wall is known by its place
            <rect key={`${column} ${row}`} className={styles.wall} x={column} y={row} width={1} height={1} />
          ) : null,
        ),
      )}
      <rect className={styles.goal} x={goalX + 0.15} y={goalY + 0.15} width={0.7} height={0.7} />
      <polyline className={styles.way} points={way.join(' ')} />
      <circle className={styles.mover} cx={x + 0.5} cy={y + 0.5} r={0.32} />
    </svg>
  )
}

/** The track of 4.8 m, and the pole's whole metre above it. */
function CartPicture({ record: { scene, frames }, at }: PictureProps) {
  const most = Number(scene.most)
  const [x = 0, angle = 0] = frames[at] ?? []
  return (
    <svg className={styles.wide} viewBox={`${-most - 0.3} -1.3 ${2 * most + 0.6} 1.7`} aria-hidden>
      <line className={styles.track} x1={-most} x2={most} y1={0.12} y2={0.12} />
      <rect className={styles.mover} x={x - 0.25} y={-0.12} width={0.5} height={0.24} rx={0.04} />
      <line className={styles.pole} x1={x} y1={-0.12} x2={x + Math.sin(angle)} y2={-0.12 - Math.cos(angle)} />
    </svg>
  )
}

function BoardPicture({ record: { frames }, at }: PictureProps) {
  const board = frames[at] ?? []
  return (
    <svg className={styles.picture} viewBox="0 0 3 3" aria-hidden>
      {[1, 2].flatMap((line) => [
        <line key={`v${line}`} className={styles.line} x1={line} x2={line} y1={0.05} y2={2.95} />,
        <line key={`h${line}`} className={styles.line} y1={line} y2={line} x1={0.05} x2={2.95} />,
      ])}
      {board.map((who, square) => {
        const [x, y] = [(square % 3) + 0.5, Math.floor(square / 3) + 0.5]
        if (who === 1) {
          const cross = `M${x - 0.25} ${y - 0.25}l.5 .5M${x + 0.25} ${y - 0.25}l-.5 .5`
          // biome-ignore lint/suspicious/noArrayIndexKey: a mark is known by its square
          return <path key={square} className={styles.ours} d={cross} />
        }
        // biome-ignore lint/suspicious/noArrayIndexKey: a mark is known by its square
        return who === 2 ? <circle key={square} className={styles.theirs} cx={x} cy={y} r={0.27} /> : null
      })}
    </svg>
  )
}

/** As the pictures that the model sees are painted: core/environments/table.ts. */
const paints: Readonly<Record<string, string>> = {
  red: '#d63830',
  green: '#38a048',
  blue: '#3460d6',
  yellow: '#e8c438',
}
const paintOf = (colour = '') => paints[colour] ?? colour

/** Frames: the gripper's place, the number of the block that it holds or −1, then each block's place or −1. */
function TablePicture({ record: { scene, frames }, at }: PictureProps) {
  const colours = scene.colours as string[]
  const side = Number(scene.side)
  const [x = 0, y = 0, held = -1, ...places] = frames[at] ?? []
  return (
    <svg className={styles.picture} viewBox={`0 0 ${side} ${side}`} aria-hidden>
      <rect className={styles.table} width={side} height={side} />
      {colours.map((colour, i) => {
        const [blockX = -1, blockY = -1] = places.slice(2 * i, 2 * i + 2)
        return blockX < 0 ? null : (
          <rect
            key={colour}
            fill={paintOf(colour)}
            {...{ x: blockX + 0.12, y: blockY + 0.12, width: 0.76, height: 0.76, rx: 0.06 }}
          />
        )
      })}
      <rect className={styles.gripper} x={x + 0.05} y={y + 0.05} width={0.9} height={0.9} />
      {held >= 0 && <rect fill={paintOf(colours[held])} x={x + 0.25} y={y + 0.25} width={0.5} height={0.5} rx={0.04} />}
    </svg>
  )
}
