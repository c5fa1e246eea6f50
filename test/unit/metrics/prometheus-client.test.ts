/** What Prometheus's own library for Python reads in our text. It shares its parser's rules with nobody of ours. */
import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { catalogue, prefix } from '../../../src/metrics/catalogue.ts'
import { exposition } from '../../../src/metrics/exposition.ts'
import { pythonWith } from '../../support/python.ts'
import { input } from './input.ts'

const pythons = await pythonWith('prometheus_client')

const reader = `
import json, sys
from prometheus_client.parser import text_string_to_metric_families as parse
print(json.dumps([[f.name, f.type, f.documentation, len(f.samples)] for f in parse(sys.stdin.read())]))
`

test.each(pythons.filter(({ missing }) => missing === undefined))('$label reads all of it', ({ python }) => {
  const { stdout, stderr, status } = spawnSync(python, ['-c', reader], {
    input: exposition(input),
    encoding: 'utf8',
  })
  expect(status, stderr).toBe(0)
  const families: unknown = JSON.parse(stdout)
  const expected = catalogue.map(({ name, kind, help, read }) => [
    // It keeps the names of counters without their ending.
    prefix + name.replace(/_total$/, ''),
    kind,
    help,
    read(input).length,
  ])
  expect(families).toEqual(expected)
})

test.runIf(pythons.every(({ missing }) => missing !== undefined))(
  'prometheus_client cannot be had here',
  () => {
    expect(pythons.map(({ missing }) => missing)).not.toContain(undefined)
  },
)
