/**
 * A campaign of mutated requests against a living server: many connections at once, kept and reused, with a healthy
 * client asking in between. It judges what clients can see: every connection ends within the server's own timeouts,
 * what comes back is HTTP, and the healthy client is answered. The worker's log and memory are the caller's to judge.
 */
import { readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { eventually } from './eventually.ts'
import { inputOf } from './fuzz-inputs.ts'
import { type Random, randomOf } from './random.ts'
import { request } from './raw-client.ts'

export interface Campaign {
  readonly port: number
  readonly seed: number
  /** Milliseconds; the campaign ends when they have passed and all its connections have ended. */
  readonly during: number
  /** Milliseconds within which every connection must have ended after its last byte. */
  readonly patience: number
  /** Called about every `probeEvery` inputs, while load goes on; may throw. */
  readonly watch?: (inputs: number) => void
}

export interface Outcome {
  readonly inputs: number
  readonly connections: number
  readonly answers: Readonly<Record<string, number>>
  readonly probes: number
  /** Milliseconds. */
  readonly slowestProbe: number
}

/** What a server got wrong, with the inputs that were on their way: of the connection, or the latest of all. */
export class FuzzFailure extends Error {
  readonly inputs: readonly Buffer[]
  /** `message` gets the last words of the inputs, so that the failure can be read without them. */
  constructor(message: string, inputs: readonly Buffer[]) {
    const last = inputs.at(-1)?.toString('latin1').slice(-300) ?? ''
    super(`${message}\nthe last of ${inputs.length} inputs ended: ${JSON.stringify(last)}`)
    this.inputs = inputs
  }
}

const lanes = 16
const probeEvery = 200
const remembered = 400

/** Application for campaigns: `/echo` sends a body back, `/unread` reads none, `/large` and `/stream` send some. */
export const fuzzApps = {
  node: `export default (req, res) => {
  if (req.url.startsWith('/unread')) return res.end('unread')
  if (req.url.startsWith('/large')) return res.end('x'.repeat(100000))
  if (req.url.startsWith('/stream')) { res.write('one'); return setImmediate(() => res.end('two')) }
  const pieces = []
  req.on('data', (piece) => pieces.push(piece)).on('end', () => res.end(Buffer.concat(pieces))).on('error', () => res.destroy())
}
`,
  fetch: `const streamed = () => new ReadableStream({
  start(controller) { controller.enqueue(new TextEncoder().encode('one')) },
  pull(controller) { controller.enqueue(new TextEncoder().encode('two')); controller.close() },
})
export default {
  async fetch(request) {
    const path = request.url.replace(/^\\w+:\\/\\/[^/]*/, '')
    if (path.startsWith('/unread')) return new Response('unread')
    if (path.startsWith('/large')) return new Response('x'.repeat(100000))
    if (path.startsWith('/stream')) return new Response(streamed())
    try {
      return new Response(await request.arrayBuffer())
    } catch {
      return new Response('cut', { status: 400 })
    }
  },
}
`,
} as const

/** Resolves with the next bytes, undefined at the end or when nothing came for `milliseconds`. */
const heard = (socket: Socket, milliseconds: number): Promise<void> =>
  new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer)
      socket.off('data', done).off('close', done)
      resolve()
    }
    const timer = setTimeout(done, milliseconds)
    socket.on('data', done).on('close', done)
  })

/** One connection of the campaign, with what was sent on it and what came back. */
class Lane {
  readonly sent: Buffer[] = []
  readonly socket: Socket
  readonly closed: Promise<void>
  /** The first bytes of each connection's answers. */
  first = ''

  constructor(port: number) {
    this.socket = connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true })
    this.socket.on('data', (piece: Buffer) => {
      if (this.first.length < 12) this.first += piece.toString('latin1', 0, 12)
    })
    // A reset is one of the ways in which a server may end a connection; which one is seen in `close`.
    this.socket.on('error', () => this.socket.destroy())
    this.socket.on('end', () => this.socket.end())
    // Node's own reset of a socket that its peer has reset ends with an error and without 'close'.
    this.closed = new Promise((resolve) => {
      this.socket.once('close', () => resolve()).once('error', () => resolve())
    })
  }

  get alive(): boolean {
    return this.socket.writable
  }

  /** In one piece, or in pieces with other connections' turns between them. */
  async send(input: Buffer, random: Random): Promise<void> {
    this.sent.push(input)
    const pieces = random.chance(0.5) ? 1 : 2 + random.below(6)
    for (let from = 0, left = pieces; from < input.length && this.alive; left--) {
      const to = left <= 1 ? input.length : from + 1 + random.below(input.length - from)
      this.socket.write(input.subarray(from, to))
      from = to
      if (from < input.length) await new Promise((resolve) => setImmediate(resolve))
    }
    if (this.alive) await heard(this.socket, 4)
  }
}

/** proc(5), net/tcp: what both ends of a connection are in, told by the client's port. */
const tcpStates: Readonly<Record<string, string>> = {
  '01': 'ESTABLISHED',
  '04': 'FIN_WAIT1',
  '05': 'FIN_WAIT2',
  '08': 'CLOSE_WAIT',
  '09': 'LAST_ACK',
}

const statesOf = (port = 0): string => {
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  const lines = readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
  const state = (column: number) => {
    const [, , , code = '', queues] = lines.find((fields) => fields[column]?.endsWith(wanted)) ?? []
    return code === '' ? 'gone' : `${tcpStates[code] ?? code}, queues ${queues}`
  }
  return `client ${state(1)}; server ${state(2)}`
}

/** How a client leaves: it says so, it vanishes, or it stays until it is cut. */
const leave = (lane: Lane, random: Random): void => {
  const way = random.below(10)
  if (way < 7) lane.socket.end()
  else if (way < 9) lane.socket.resetAndDestroy()
}

class Course {
  readonly #campaign: Campaign
  readonly #latest: Buffer[] = []
  readonly #answers = new Map<string, number>()
  readonly #open = new Set<Lane>()
  #inputs = 0
  #connections = 0
  #probes = 0
  #slowest = 0
  #failure: unknown

  constructor(campaign: Campaign) {
    this.#campaign = campaign
  }

  async run(): Promise<Outcome> {
    const until = performance.now() + this.#campaign.during
    await Promise.all(Array.from({ length: lanes }, () => this.#drive(until)))
    await this.#check(() =>
      eventually(() => this.#open.size === 0 || this.#failure !== undefined, {
        within: this.#campaign.patience + 5000,
        what: () => `${this.#open.size} connections to end`,
      }),
    )
    await this.#check(() => this.#probe())
    if (this.#failure !== undefined) throw this.#failure
    return {
      inputs: this.#inputs,
      connections: this.#connections,
      answers: Object.fromEntries([...this.#answers].sort()),
      probes: this.#probes,
      slowestProbe: Math.round(this.#slowest),
    }
  }

  async #drive(until: number): Promise<void> {
    while (performance.now() < until && this.#failure === undefined) {
      // Those that wait to be cut must not become more than a worker holds.
      if (this.#open.size > 400) await eventually(() => this.#open.size <= 400, { within: 60_000 })
      await this.#check(() => this.#oneConnection())
    }
  }

  /** The first failure ends the campaign. */
  async #check(step: () => unknown): Promise<void> {
    try {
      await step()
    } catch (error) {
      this.#failure ??=
        error instanceof FuzzFailure ? error : new FuzzFailure(String(error), this.#latest.slice())
    }
  }

  async #oneConnection(): Promise<void> {
    const lane = new Lane(this.#campaign.port)
    const random = randomOf(this.#campaign.seed ^ this.#connections++)
    this.#open.add(lane)
    for (let count = 1 + random.below(5); count > 0 && lane.alive; count--) {
      const index = this.#inputs++
      const input = inputOf(this.#campaign.seed, index)
      this.#latest.push(input)
      if (this.#latest.length > remembered) this.#latest.shift()
      await lane.send(input, random)
      if (index % probeEvery === probeEvery - 1) await this.#probe()
    }
    leave(lane, random)
    void this.#check(() => this.#ends(lane))
  }

  /** Waits, beside the others, for the connection's end. */
  async #ends(lane: Lane): Promise<void> {
    const { patience } = this.#campaign
    const late = Symbol('late')
    let timer: NodeJS.Timeout | undefined
    const limit = new Promise<symbol>((resolve) => {
      timer = setTimeout(() => resolve(late), patience)
    })
    const outcome = await Promise.race([lane.closed, limit])
    clearTimeout(timer)
    const states = outcome === late ? statesOf(lane.socket.localPort) : ''
    this.#open.delete(lane)
    lane.socket.destroy()
    if (outcome === late)
      throw new FuzzFailure(
        `a connection did not end within ${patience} ms (${states}); it was answered '${lane.first}'`,
        lane.sent,
      )
    this.#count(lane)
  }

  #count(lane: Lane): void {
    const status = /^HTTP\/1\.[01] (\d{3})/.exec(lane.first)?.[1]
    if (status === undefined && lane.first.length >= 12)
      throw new FuzzFailure(`answered with what is not HTTP/1: ${JSON.stringify(lane.first)}`, lane.sent)
    const key = status ?? 'none'
    this.#answers.set(key, (this.#answers.get(key) ?? 0) + 1)
  }

  async #probe(): Promise<void> {
    const began = performance.now()
    const { status, body } = await request({ port: this.#campaign.port }, '/echo', {
      method: 'POST',
      body: 'alive',
      within: 5000,
    })
    if (status !== 200 || body !== 'alive')
      throw new Error(`the healthy client was answered ${status} '${body}'`)
    this.#probes++
    this.#slowest = Math.max(this.#slowest, performance.now() - began)
    this.#campaign.watch?.(this.#inputs)
  }
}

/** Runs a campaign; throws FuzzFailure for the first thing that went wrong. */
export const fuzz = (campaign: Campaign): Promise<Outcome> => new Course(campaign).run()

/** Lines of a server's log that refused requests do not explain. */
export const complaintsIn = (log: string): string[] =>
  log
    .split('\n')
    .filter((line) => /\[(ERROR|CRITICAL)\]|^\(node:\d+\)|Warning: |Unhandled|^\s+at /.test(line))

/** Settings with which every connection of a campaign ends soon. */
export const impatient = { keepalive: 1, header_timeout: 2, body_timeout: 2, write_timeout: 2 } as const
