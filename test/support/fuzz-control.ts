/**
 * A campaign against a control socket: mutated requests of all three dialects, sent whole, in pieces, by halves, and by
 * clients that do not read. It gives no orders but to a socket that takes none. A healthy client asks all the time.
 */
import { connect, type Socket } from 'node:net'
import { performance } from 'node:perf_hooks'
import { setTimeout as pause } from 'node:timers/promises'
import { ControlClient } from './control-client.ts'
import { eventually } from './eventually.ts'
import { inputOf } from './fuzz-inputs.ts'
import { type Random, randomOf } from './random.ts'

export interface ControlCampaign {
  readonly path: string
  /** The socket that takes no orders. */
  readonly readOnly: string
  readonly seed: number
  /** Milliseconds. */
  readonly during: number
}

export interface ControlOutcome {
  readonly inputs: number
  readonly answered: number
  /** Questions of the healthy client. */
  readonly healthy: number
  /** Milliseconds that the slowest of its answers took. */
  readonly slowest: number
}

const frame = (command: string): string => {
  const text = JSON.stringify({ id: 1, command, args: [] })
  return String.fromCharCode(0, 0, text.length >> 8, text.length & 255) + text
}
const line = (command: string, args: unknown = {}): string => `${JSON.stringify({ id: 1, command, args })}\n`
const http = (target: string, ...fields: string[]): string =>
  [`${target} HTTP/1.1`, 'Host: x', ...fields, '', ''].join('\r\n')

const questions: readonly string[] = [
  ...['show all', 'show workers', 'show config', 'show stats', 'show listeners', 'help', 'bogus'].map(frame),
  frame('show "all').repeat(5),
  ...['status', 'requests', 'config', 'listeners', 'generations', 'metrics', 'health', 'events', 'help'].map(
    (command) => line(command),
  ),
  line('stack', { pid: 1 }),
  line('status').repeat(20),
  http('GET /status'),
  http('GET /events', 'Last-Event-ID: 3'),
  http('GET /metrics'),
  http('HEAD /livez') + http('GET /readyz'),
  `${http('GET /config', 'Content-Length: 5')}hello`,
  `${http('POST /status', 'Transfer-Encoding: chunked')}5\r\nhello\r\n0\r\n\r\n`,
  http('GET /workers/1/stack'),
]

const orders: readonly string[] = [
  ...['reload', 'reopen', 'shutdown quick', 'worker add 3', 'worker remove', 'worker kill 1'].map(frame),
  line('stop', { quick: true }),
  line('reload', { wait: 5 }),
  line('scale', { by: -1 }),
  line('upgrade'),
  http('POST /stop?quick'),
  http('POST /scale?to=9'),
]

/** Sends one input in one of many manners; whether anything came back. */
const attack = async (path: string, input: Buffer, random: Random): Promise<boolean> => {
  const socket = connect({ path, allowHalfOpen: true })
  let answered = false
  const over = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  // The socket is full, or has cut us.
  socket.on('error', () => socket.destroy())
  if (random.chance(0.8))
    socket.on('data', () => {
      answered = true
    })
  for (let at = 0; at < input.length && !socket.destroyed; ) {
    const size = random.chance(0.5) ? input.length : 1 + random.below(2000)
    socket.write(input.subarray(at, at + size))
    at += size
    if (at < input.length) await new Promise(setImmediate)
  }
  await Promise.race([leave(socket, random), over])
  socket.destroy()
  await over
  return answered
}

const leave = async (socket: Socket, random: Random): Promise<void> => {
  if (random.chance(0.5)) socket.end()
  await pause(random.below(60))
}

/** Asks on a connection of its own, as an operator does. Rejects when there is no answer within ten seconds. */
const ask = async (path: string): Promise<number> => {
  const began = performance.now()
  // All places may be taken for a moment: those who attack come and go.
  const answer = await eventually(
    async () => {
      const client = await ControlClient.connect(path)
      try {
        client.send(line('health'))
        await eventually(() => client.text.includes('\n') || client.closed)
        return client.text.includes('"alive"')
      } finally {
        client.close()
      }
    },
    { within: 10_000, what: 'an answer to a healthy client' },
  )
  return answer ? performance.now() - began : Number.POSITIVE_INFINITY
}

const attackers = 12

/** Rejects as soon as a healthy client is not answered. */
export const fuzzControl = async ({
  path,
  readOnly,
  seed,
  during,
}: ControlCampaign): Promise<ControlOutcome> => {
  const end = performance.now() + during
  let inputs = 0
  let answered = 0
  let healthy = 0
  let slowest = 0
  const attacker = async (): Promise<void> => {
    while (performance.now() < end) {
      const index = inputs++
      const random = randomOf(seed + index)
      const takesOrders = random.chance(0.7)
      const input = inputOf(seed, index, takesOrders ? questions : [...questions, ...orders])
      if (await attack(takesOrders ? path : readOnly, input, random)) answered += 1
    }
  }
  const operator = async (): Promise<void> => {
    while (performance.now() < end) {
      slowest = Math.max(slowest, await ask(path))
      healthy += 1
      await pause(50)
    }
  }
  await Promise.all([operator(), ...Array.from({ length: attackers }, attacker)])
  return { inputs, answered, healthy, slowest: Math.round(slowest) }
}
