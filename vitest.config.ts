import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { ClosingLine } from './test/support/closing-line.ts'
import { LongestFirst } from './test/support/longest-first.ts'

const unit = {
  name: 'unit',
  include: ['test/unit/**/*.test.ts', 'test/*.test.ts'],
  testTimeout: 20_000,
  sequence: { groupOrder: 0 },
}

/** Files that judge how long something takes, or load both cores themselves: nothing else runs beside them. */
const alone = [
  'test/integration/hang.test.ts',
  'test/integration/hostile-fuzz.test.ts',
  'test/integration/hostile.test.ts',
]

const integration = {
  testTimeout: 90_000,
  hookTimeout: 60_000,
}

/** Integration tests start real servers, and mostly wait for them: two files at a time on two cores. */
const together = {
  ...integration,
  name: 'integration',
  include: ['test/integration/**/*.test.ts'],
  exclude: alone,
  maxWorkers: 2,
  sequence: { groupOrder: 1 },
}

const apart = {
  ...integration,
  name: 'integration-alone',
  include: alone,
  fileParallelism: false,
  sequence: { groupOrder: 2 },
}

export default defineConfig({
  resolve: { alias: { tsgunicorn: fileURLToPath(new URL('./src/index.ts', import.meta.url)) } },
  test: {
    reporters: ['default', new ClosingLine()],
    sequence: { sequencer: LongestFirst },
    projects: [
      { extends: true, test: unit },
      { extends: true, test: together },
      { extends: true, test: apart },
    ],
  },
})
