import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

/**
 * Two groups, one after the other: quick ones side by side, then those that start threads, servers, processes and a
 * browser one file at a time, since each of them uses the whole machine.
 */
export default defineConfig({
  test: {
    pool: 'forks',
    environment: 'node',
    passWithNoTests: false,
    // One fewer than there are, which is what it would be, leaves half of a small machine idle.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    projects: [
      {
        test: {
          name: 'quick',
          include: ['test/unit/**/*.test.ts', 'test/golden/**/*.test.ts'],
          pool: 'forks',
          testTimeout: 60_000,
          hookTimeout: 60_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: 'whole',
          include: ['test/integration/**/*.test.ts', 'test/e2e/**/*.test.ts'],
          pool: 'forks',
          fileParallelism: false,
          testTimeout: 300_000,
          hookTimeout: 120_000,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
})
