import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { ClosingLine } from './test/support/closing-line.ts'

const unit = { name: 'unit', include: ['test/unit/**/*.test.ts', 'test/*.test.ts'], testTimeout: 20_000 }

/** Integration tests start real servers: one file at a time keeps their timings meaningful on two cores. */
const integration = {
  name: 'integration',
  include: ['test/integration/**/*.test.ts'],
  fileParallelism: false,
  testTimeout: 90_000,
  hookTimeout: 60_000,
}

export default defineConfig({
  resolve: { alias: { tsgunicorn: fileURLToPath(new URL('./src/index.ts', import.meta.url)) } },
  test: {
    reporters: ['default', new ClosingLine()],
    projects: [
      { extends: true, test: unit },
      { extends: true, test: integration },
    ],
  },
})
