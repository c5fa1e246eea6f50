import { describe, expect, test } from 'vitest'
import type { Application } from '../../../src/app/application.ts'
import { Turns } from '../../../src/http/turns.ts'
import { plain, serveCore } from './core/harness.ts'
import { connect, get, serve, until } from './harness.ts'

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('a line of requests', () => {
  test('lets them begin at once while their turn is short', async () => {
    const turns = new Turns(() => 0)
    expect([turns.admits(10), turns.admits(10.5), turns.admits(11.9)]).toEqual([true, true, true])
    await turn()
    expect(turns.admits(500)).toBe(true)
  })

  test('has those wait that come when the turn is long, in their order, and who comes later behind them', async () => {
    let now = 0
    const begun: string[] = []
    const turns = new Turns(() => now)
    const work = (name: string) => () => {
      begun.push(name)
      now += 1.5
    }
    expect(turns.admits(0)).toBe(true)
    now = 3
    expect(turns.admits(now)).toBe(false)
    for (const name of ['a', 'b', 'c']) turns.inLine(work(name))
    expect(begun).toEqual([])
    await turn()
    expect(begun).toEqual(['a', 'b'])
    expect(turns.admits(now)).toBe(false)
    turns.inLine(work('d'))
    await turn()
    expect(begun).toEqual(['a', 'b', 'c', 'd'])
    await turn()
    expect(turns.admits(now)).toBe(true)
  })
})

/** Keeps the loop busy for as long as a small query takes. */
const compute = (ms: number): void => {
  for (const end = performance.now() + ms; performance.now() < end; );
}

const nodeApp: Application = {
  kind: 'node',
  shape: 'f',
  handler: (request, response) => {
    compute(4)
    response.end(request.url)
  },
}

const engines = [
  ['node:http', () => serve(nodeApp)],
  [
    'the core',
    () =>
      serveCore((exchange) => {
        compute(4)
        exchange.respond(200, '', plain, exchange.target)
      }),
  ],
] as const

describe.each(engines)('on %s', (_, serves) => {
  test('newcomers are accepted while those who are connected keep the loop busy', async () => {
    const { port } = await serves()
    const answers: string[] = []
    const ask = async (path: string) => {
      const client = await connect(port)
      await client.send(get(path)).has(path)
      answers.push(path)
    }
    const kept = await Promise.all(Array.from({ length: 12 }, () => connect(port)))
    let asking = true
    const busy = kept.map(async (client) => {
      for (let count = 1; asking; count += 1) await client.send(get('/kept')).has('/kept', count)
    })
    await Promise.all(Array.from({ length: 24 }, (_each, index) => ask(`/new${index}`)))
    asking = false
    await Promise.all(busy)
    await until(() => answers.length === 24)
    // One a turn of twelve requests would be 24 turns; in line everybody has one place of some.
    const turns = (kept[0]?.text.split('/kept').length ?? 0) - 1
    expect(turns).toBeLessThan(12)
  })
})
