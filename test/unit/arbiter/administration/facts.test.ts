/** Facts: what is known in the shape that is told. */
import { createServer } from 'node:net'
import { describe, expect, test } from 'vitest'
import { configFacts } from '../../../../src/arbiter/administration/config-facts.ts'
import { totalFacts } from '../../../../src/arbiter/administration/numbers.ts'
import { generationFacts, listenerFacts } from '../../../../src/arbiter/administration/place-facts.ts'
import { CpuShares } from '../../../../src/arbiter/administration/shares-of-cpu.ts'
import { workerFacts } from '../../../../src/arbiter/administration/worker-facts.ts'
import type { LoadedConfig } from '../../../../src/config/load.ts'
import { reloadPlace, restartPlace } from '../../../../src/metrics/own-counters.ts'
import { gaugesOf } from '../../../../src/metrics/reading.ts'
import { gaugePlaceOf, numberCount, placeOf } from '../../../../src/metrics/slot.ts'
import { Story } from '../story.ts'

const settings = (config: Record<string, unknown>, origins: LoadedConfig['origins'], file?: string) =>
  configFacts({ config: config as unknown as LoadedConfig['config'], origins, ...(file ? { file } : {}) })

describe('the configuration', () => {
  test('is told by name, with who gave each value, functions by their names', () => {
    const file = '/srv/gunicorn.conf.ts'
    const facts = settings(
      {
        workers: 4,
        bind: ['127.0.0.1:8000'],
        when_ready: function whenReady() {
          return undefined
        },
        chdir: undefined,
      },
      {
        workers: { kind: 'command-line' },
        bind: { kind: 'default' },
        when_ready: { kind: 'file', file, line: 3 },
        chdir: { kind: 'default' },
      },
      file,
    )
    expect(facts).toEqual([
      { name: 'bind', value: ['127.0.0.1:8000'], origin: 'default', isDefault: true },
      { name: 'chdir', value: null, origin: 'default', isDefault: true },
      {
        name: 'when_ready',
        value: { function: 'whenReady' },
        origin: 'file gunicorn.conf.ts:3',
        isDefault: false,
      },
      { name: 'workers', value: 4, origin: 'command line', isDefault: false },
    ])
  })

  test('keeps secrets, and is JSON whatever it holds', () => {
    const origin = { kind: 'command-line' } as const
    const facts = settings(
      { admin_token: 'abc', odd: [1n, /x/, Number.POSITIVE_INFINITY, new Map([['a', () => 1]])] },
      { admin_token: origin, odd: origin },
    )
    expect(JSON.stringify(facts)).not.toContain('abc')
    expect(facts[1]?.value).toEqual(['1', '/x/', 'Infinity', { a: { function: 'anonymous' } }])
  })
})

test('a listener tells how many wait to be accepted', async () => {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { _handle: handle } = server as unknown as { readonly _handle: { readonly fd: number } & object }
  const { fd } = handle
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  const [fact] = listenerFacts(
    [
      {
        address: { kind: 'tcp', host: '127.0.0.1', port },
        fd,
        handle,
        name: '',
        close: () => undefined,
        unlink: () => undefined,
      },
    ],
    'http',
  )
  server.close()
  expect(fact).toEqual({
    name: `http://127.0.0.1:${port}`,
    fd,
    type: 'tcp',
    queued: 0,
  })
})

test('generations are told with their workers, also those that only finish', () => {
  const story = new Story().serve().reload().spawn().ready(3)
  const files = (number: number) => (number === 2 ? '/srv/gunicorn.conf.ts' : null)
  expect(generationFacts(story.state, files)).toEqual([
    { number: 1, state: 'serving', workers: [101, 102], config: null },
    { number: 2, state: 'staging', workers: [103, 104], config: '/srv/gunicorn.conf.ts' },
  ])
  expect(generationFacts(story.ready(4).state, files)).toMatchObject([
    { number: 1, state: 'retiring' },
    { number: 2, state: 'serving' },
  ])
})

const numbers = (change: (numbers: Float64Array) => void): Float64Array => {
  const all = new Float64Array(numberCount)
  change(all)
  return all
}

test('totals are the sums of all who ever served, and quantiles weigh by rate', () => {
  const all = numbers((each) => {
    each[placeOf('begun')] = 10
    each[placeOf('finished')] = 8
    each[placeOf('status2')] = 7
    each[placeOf('status5')] = 1
    each[restartPlace('timeout')] = 3
    each[reloadPlace('failed')] = 2
  })
  const living = [
    { rate: 30, p50: 0.01 },
    { rate: 10, p50: 0.05 },
  ].map(({ rate, p50 }) =>
    gaugesOf(
      numbers((each) => {
        each[gaugePlaceOf('rate')] = rate
        each[gaugePlaceOf('p50')] = p50
      }),
    ),
  )
  const facts = totalFacts(all, living)
  expect(facts).toMatchObject({
    requests: 8,
    inFlight: 2,
    rate: 40,
    statuses: { '2xx': 7, '5xx': 1 },
    restarts: { timeout: 3 },
    reloads: { ok: 0, failed: 2 },
  })
  expect(facts.p50).toBeCloseTo(0.02)
})

describe('a worker', () => {
  const seen = (story: Story) => {
    const [worker] = story.state.workers
    if (!worker) throw new Error('nobody is there')
    return {
      worker,
      language: 'javascript' as const,
      beat: { beat: 900, pid: 101, connections: 2, requests: 5, rss: 1000, phase: 'ready' as const },
      numbers: numbers((each) => {
        each[placeOf('begun')] = 6
        each[placeOf('finished')] = 5
      }),
      since: 500,
      cpuSeconds: 1,
      cpu: 0.5,
      pss: null,
      lastExit: null,
    }
  }

  test('tells its state and why it goes, its ages in seconds', () => {
    const story = new Story().serve()
    story.order({ do: 'restart', pid: 101 })
    expect(workerFacts(seen(story), 1000)).toMatchObject({
      age: 1,
      pid: 101,
      state: 'leaving',
      reason: 'restart',
      uptime: 0.5,
      beatAge: 0.1,
      requests: 5,
      inFlight: 1,
      connections: 2,
    })
  })

  test('behind a front speaks no HTTP, and one that has not beaten is not known', () => {
    const story = new Story().serve()
    const unknown = { inFlight: null, connections: null, lag: null }
    const { beat } = seen(story)
    const quick = numbers((each) => {
      each[gaugePlaceOf('rate')] = 9
      each[gaugePlaceOf('p95')] = 0.25
    })
    const python = {
      ...seen(story),
      language: 'python' as const,
      numbers: quick,
      beat: { ...beat, requests: 7 },
    }
    expect(workerFacts(python, 1000)).toMatchObject({ ...unknown, requests: 7, rate: 9, p95: 0.25 })
    const silent = { ...seen(story), beat: { ...beat, beat: 0, phase: 'empty' as const } }
    expect(workerFacts(silent, 1000)).toMatchObject({
      ...unknown,
      requests: 0,
      rate: null,
      beatAge: null,
      rss: null,
    })
  })
})

test('the share of a processor is that since the last look, and two who look at once see the same', () => {
  const shares = new CpuShares()
  expect(shares.share(1, 5, 0)).toBeNull()
  expect(shares.share(1, 6, 2000)).toBeCloseTo(0.5)
  expect(shares.share(1, 6.1, 2100)).toBeCloseTo(0.5)
  expect(shares.share(1, 8, 4000)).toBeCloseTo(1)
  shares.keep(new Set())
  expect(shares.share(1, 9, 5000)).toBeNull()
})
