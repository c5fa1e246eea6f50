import { describe, expect, test } from 'vitest'
import { catalogue, type Metric, prefix } from '../../../src/metrics/catalogue.ts'
import { exposition } from '../../../src/metrics/exposition.ts'
import { durationBounds } from '../../../src/metrics/slot.ts'
import { input } from './input.ts'
import { parse } from './prometheus.ts'

describe('the catalogue', () => {
  test('names each metric once, by the rules of Prometheus', () => {
    const names = catalogue.map(({ name }) => name)
    expect(new Set(names).size).toBe(names.length)
    for (const { name, kind, help, labels } of catalogue) {
      expect(`${prefix}${name}`).toMatch(/^[a-z][a-z0-9_]*$/)
      // Counters, and nothing else, end with _total; units are base units.
      expect(name.endsWith('_total')).toBe(kind === 'counter')
      expect(name).not.toMatch(/_(ms|milliseconds|kilobytes|mb)(_|$)/)
      expect(help).toMatch(/^[A-Z0-9].*\.$/)
      for (const label of labels) expect(label).toMatch(/^[a-z][a-z0-9]*$/)
    }
  })

  test('gives samples with the labels it names, and no others', () => {
    for (const { name, labels, read } of catalogue) {
      const used = new Set(read(input).flatMap((sample) => Object.keys(sample.labels ?? {})))
      expect([...used].sort(), name).toEqual([...labels].sort())
    }
  })
})

describe("Prometheus's text", () => {
  const families = parse(exposition(input))
  const told = (name: string, labels: Record<string, string> = {}): number | undefined =>
    families
      .flatMap(({ samples }) => samples)
      .find(
        (sample) => sample.name === prefix + name && JSON.stringify(sample.labels) === JSON.stringify(labels),
      )?.value

  test('is read back by a strict parser, with every metric', () => {
    expect(families.map(({ name }) => name)).toEqual(catalogue.map(({ name }) => prefix + name))
    expect(families.map(({ type }) => type)).toEqual(catalogue.map(({ kind }) => kind))
  })

  test('has what was counted', () => {
    expect(told('requests_total')).toBe(1234)
    expect(told('requests_in_flight')).toBe(3)
    expect(told('responses_total', { class: '2xx' })).toBe(1200)
    expect(told('worker_restarts_total', { reason: 'timeout' })).toBe(2)
    expect(told('worker_restarts_total', { reason: 'crash' })).toBe(0)
    expect(told('queue_waiting')).toBe(5)
    expect(told('queue_oldest_seconds')).toBe(0.25)
    expect(told('workers', { state: 'ready', kind: 'worker' })).toBe(1)
    expect(told('workers', { state: 'killed', kind: 'front' })).toBe(0)
    expect(told('connections')).toBe(7)
  })

  test('has a histogram whose buckets are cumulative and end with all', () => {
    const histogram = families.find(({ type }) => type === 'histogram')
    const buckets = (histogram?.samples ?? []).filter(({ name }) => name.endsWith('_bucket'))
    expect(buckets.map(({ labels }) => labels['le'])).toEqual([...durationBounds.map(String), '+Inf'])
    const values = buckets.map(({ value }) => value)
    expect(values).toEqual([...values].sort((one, other) => one - other))
    expect(values.at(-1)).toBe(told('request_duration_seconds_count'))
    expect(told('request_duration_seconds_sum')).toBe(12.5)
  })

  test('leaves out what is not known', () => {
    expect(told('listen_backlog', { listener: 'http://127.0.0.1:8000' })).toBe(4)
    const unix = families
      .flatMap(({ samples }) => samples)
      .filter(({ labels }) => /unix/.test(labels['listener'] ?? ''))
    expect(unix).toEqual([])
    const nothing: Metric = { name: 'x', kind: 'gauge', help: 'X.', labels: [], read: () => [] }
    expect(exposition(input, [nothing])).toBe('')
  })

  test('escapes what an address, or an operator, may have in it', () => {
    const strange = 'a "quoted" \\ back\nslash, é'
    const metric: Metric = {
      name: 'strange',
      kind: 'gauge',
      help: 'Two\nlines, and a \\.',
      labels: ['of'],
      read: () => [
        ...[1e-9, Infinity, -Infinity, NaN, 2 ** 60].map((value, at) => ({
          labels: { of: `${strange}${at}` },
          value,
        })),
      ],
    }
    const [family] = parse(exposition(input, [metric]))
    expect(family?.help).toBe('Two\nlines, and a \\.')
    expect(family?.samples.map(({ value }) => value)).toEqual([1e-9, Infinity, -Infinity, NaN, 2 ** 60])
    expect(family?.samples[0]?.labels).toEqual({ of: `${strange}0` })
  })
})
