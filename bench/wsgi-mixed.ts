/**
 * Fast requests beside slow ones, as `bench:wsgi --mixed` asks them: 500 a second that are sent when it is their time,
 * answered or not (an open loop: a server that stalls meets all that come meanwhile), and four clients that ask for
 * 200 ms of sleep, again and again. It knows no server but its port.
 */
import { Agent, request } from 'node:http'
import { performance } from 'node:perf_hooks'
import { setTimeout as pause } from 'node:timers/promises'

export const fastPerSecond = 500
export const slowClients = 4

export interface Mixed {
  /** Milliseconds, of the fast requests, from the moment of sending. */
  readonly p50: number
  readonly p99: number
  readonly most: number
  readonly slowPerSecond: number
  /** Answered ones of both kinds. */
  readonly requests: number
  readonly faults: number
}

interface Tally {
  readonly fast: number[]
  slow: number
  faults: number
}

/** Milliseconds until the whole answer is there. Rejects when it is none or not 200, and after 10 s. */
const ask = (agent: Agent, port: number, path: string): Promise<number> =>
  new Promise((resolve, reject) => {
    const began = performance.now()
    request({ agent, host: '127.0.0.1', port, path, timeout: 10_000 }, (answer) => {
      answer.resume().once('error', reject)
      answer.once('end', () =>
        answer.statusCode === 200
          ? resolve(performance.now() - began)
          : reject(new Error(`status ${answer.statusCode}`)),
      )
    })
      .once('timeout', function (this: { destroy: (why: Error) => void }) {
        this.destroy(new Error('no answer within 10 s'))
      })
      .once('error', reject)
      .end()
  })

/** `count` requests by 16 clients that ask again as soon as they are answered; gives how many failed. */
export const askOften = async (port: number, path: string, count: number): Promise<number> => {
  const agent = new Agent({ keepAlive: true })
  let [left, faults] = [count, 0]
  const client = async () => {
    while (left-- > 0) await ask(agent, port, path).catch(() => faults++)
  }
  await Promise.all(Array.from({ length: 16 }, client))
  agent.destroy()
  return faults
}

const askSlowly = async (agent: Agent, port: number, until: number, tally: Tally): Promise<void> => {
  while (performance.now() < until) {
    await ask(agent, port, '/slow').then(
      () => tally.slow++,
      () => tally.faults++,
    )
  }
}

const askFast = async (agent: Agent, port: number, until: number, tally: Tally): Promise<void> => {
  const under: Promise<unknown>[] = []
  const began = performance.now()
  for (let now = began; now < until; now = performance.now()) {
    const due = Math.floor(((now - began) * fastPerSecond) / 1000)
    while (under.length < due)
      under.push(
        ask(agent, port, '/').then(
          (took) => tally.fast.push(took),
          () => tally.faults++,
        ),
      )
    await pause(1)
  }
  await Promise.all(under)
}

const percentile = (values: readonly number[], share: number): number => {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}

/** One burst on a server of `plain.py`. Failed requests are counted, and are in no percentile. */
export const mixedBurst = async (port: number, seconds: number): Promise<Mixed> => {
  const agent = new Agent({ keepAlive: true, maxFreeSockets: 1024 })
  const tally: Tally = { fast: [], slow: 0, faults: 0 }
  const until = performance.now() + seconds * 1000
  const slow = Array.from({ length: slowClients }, () => askSlowly(agent, port, until, tally))
  await Promise.all([askFast(agent, port, until, tally), ...slow])
  agent.destroy()
  if (tally.fast.length === 0) throw new Error('no fast request was answered')
  return {
    p50: percentile(tally.fast, 0.5),
    p99: percentile(tally.fast, 0.99),
    most: percentile(tally.fast, 1),
    slowPerSecond: tally.slow / seconds,
    requests: tally.fast.length + tally.slow,
    faults: tally.faults,
  }
}
