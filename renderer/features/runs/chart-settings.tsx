import { Button, Select, Slider, Switch } from '@mantine/core'
import { useEffect, useState } from 'react'
import { type XAxis, xAxisSchema } from '../../../core/contract/domain.ts'
import { useSelection } from '../../app/selection.ts'
import { xAxisLabels } from '../../charts/series.ts'
import classes from './chart-grid.module.css'

const axes = xAxisSchema.options.map((axis) => ({ value: axis, label: xAxisLabels[axis] }))

export interface ChartSettingsProps {
  drawn: number
  /** Drawable runs; more than `drawn` when only the first are. */
  drawable: number
  onDrawAll?: () => void
}

/** How curves are drawn: on every screen the same. */
export function ChartSettings({ drawn, drawable, onDrawAll }: ChartSettingsProps) {
  const { x, smoothing, logScale } = useSelection((selection) => selection.charts)
  const setCharts = useSelection((selection) => selection.setCharts)
  return (
    <div className={classes.bar} role="toolbar" aria-label="How the charts are drawn">
      <div className={classes.setting}>
        X axis
        <Select
          aria-label="X axis"
          w={124}
          data={axes}
          value={x}
          allowDeselect={false}
          onChange={(axis) => axis && setCharts({ x: axis as XAxis })}
        />
      </div>
      <Smoothing value={smoothing} onChange={(value) => setCharts({ smoothing: value })} />
      <Switch
        label="Log scale"
        checked={logScale}
        onChange={(event) => setCharts({ logScale: event.currentTarget.checked })}
      />
      <div className={classes.count}>
        {drawable > drawn ? `${drawn} of ${drawable} runs drawn` : null}
        {drawable > drawn && onDrawAll && (
          <Button variant="subtle" size="compact-xs" ml={6} onClick={onDrawAll}>
            Draw more
          </Button>
        )}
      </div>
    </div>
  )
}

/** Weight of the past, 0 to 0.999. The slider's middle is 0.9: what matters happens near 1. */
const toWeight = (place: number) => Math.min(0.999, Math.round((1 - (1 - place) ** (1 / 0.30103)) * 1000) / 1000)
const toPlace = (weight: number) => 1 - (1 - weight) ** 0.30103

function Smoothing({ value, onChange }: { value: number; onChange: (value: number) => void }) {
  const [place, setPlace] = useState(toPlace(value))
  useEffect(() => setPlace(toPlace(value)), [value])
  return (
    <div className={classes.setting}>
      Smoothing
      <Slider
        className={classes.slider ?? ''}
        size={4}
        thumbSize={12}
        min={0}
        max={toPlace(0.999)}
        step={0.001}
        label={null}
        thumbLabel="Smoothing"
        value={place}
        onChange={setPlace}
        onChangeEnd={(end) => onChange(toWeight(end))}
        thumbProps={{ 'aria-valuetext': String(toWeight(place)) }}
      />
      <span className={`${classes.value} tabular`}>{toWeight(place)}</span>
    </div>
  )
}
