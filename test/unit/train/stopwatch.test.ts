import { describe, expect, test, vi } from 'vitest'
import { Stopwatch } from '../../../core/train/stopwatch.ts'
import { systemClock } from '../../../core/util/clock.ts'

/** A watch whose clock stands still but for what a test lets pass. */
function sitting(startedAt = 0) {
  let now = startedAt
  vi.spyOn(systemClock, 'monotonic').mockImplementation(() => now)
  const watch = new Stopwatch(startedAt)
  return {
    watch,
    pass(ms: number) {
      now += ms
    },
    step(ms: number) {
      const begun = now
      now += ms
      watch.step(begun, 4, 100)
    },
  }
}

describe('the timings of a run', () => {
  test('of one sitting: training time alone counts as such', () => {
    const { watch, pass, step } = sitting()
    pass(500)
    for (const ms of [10, 30, 20]) step(ms)
    pass(1000)
    const timings = watch.timings()
    expect(timings).toMatchObject({ steps: 3, seconds: 0.06, totalSeconds: 1.56, timeToFirstStepMs: 510 })
    expect(timings.examplesPerSecond).toBeCloseTo(200)
    expect(timings.tokensPerSecond).toBeCloseTo(5000)
    expect(timings.medianStepMs / 20).toBeCloseTo(1, 3)
  })

  test('cover all sittings, up to the checkpoint that the next one goes on from', () => {
    const first = sitting()
    first.pass(100)
    for (const ms of [10, 10, 10, 10]) first.step(ms)
    const kept = JSON.parse(JSON.stringify(first.watch.counters)) as typeof first.watch.counters
    // Lost: done again by the next sitting.
    first.step(999)

    const second = sitting(50_000)
    second.watch.goOnFrom(kept, 4)
    second.pass(200)
    for (const ms of [40, 40]) second.step(ms)
    const timings = second.watch.timings()
    expect(timings).toMatchObject({ steps: 6, seconds: 0.12, totalSeconds: 0.42, timeToFirstStepMs: 110 })
    expect(timings.tokensPerSecond).toBeCloseTo(600 / 0.12)
    expect(timings.medianStepMs / 10).toBeCloseTo(1, 3)
    expect(second.watch.takeLap().tokensPerSecond).toBeCloseTo(200 / 0.08)
    expect(second.watch.counters.timing?.stepTimes.reduce((sum, [, count]) => sum + count, 0)).toBe(6)
  })

  test('a state of an earlier version gives what it has', () => {
    const { watch, step } = sitting()
    watch.goOnFrom({ examples: 8, tokens: 200, elapsedMs: 60 }, 2)
    step(30)
    const timings = watch.timings()
    expect(timings).toMatchObject({ steps: 3, seconds: 0.09, totalSeconds: 0.09 })
    expect(timings.medianStepMs / 30).toBeCloseTo(1, 3)
  })

  test('of no step are zero', () => {
    expect(sitting().watch.timings()).toMatchObject({
      steps: 0,
      medianStepMs: 0,
      tokensPerSecond: 0,
      timeToFirstStepMs: 0,
    })
  })

  test('the median of an even number lies between the two middle ones', () => {
    const { watch, step } = sitting()
    for (const ms of [10, 20, 30, 1000]) step(ms)
    expect(watch.timings().medianStepMs / 25).toBeCloseTo(1, 3)
  })
})
