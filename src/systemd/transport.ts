/**
 * How assignments reach systemd: as datagrams of our own where libc can be had, else through the program
 * `systemd-notify`, as Node has no datagram sockets on a path. Our own come from our own process: NotifyAccess=main is
 * enough. The program speaks for its parent only while that is root; under User= a unit then needs NotifyAccess=all.
 * It knows no assignment.
 */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { messageOf } from '../errors.ts'
import { type DatagramSocket, openDatagramSocket } from '../system/libc.ts'

export interface Transport {
  /** One message, in order after those before; descriptors go along where they can. Never throws, never waits. */
  send(assignments: readonly string[], fds?: readonly number[]): void
  /** Whether descriptors can go along. Asking opens the transport. */
  carriesDescriptors(): boolean
  /** Resolves when everything has been sent or has failed. Never rejects. */
  settled(): Promise<void>
}

export interface TransportOptions {
  readonly socket: string
  readonly env: NodeJS.ProcessEnv
  /** Told once, the first time a message cannot be sent. */
  readonly warn: (message: string) => void
  readonly openSocket?: () => DatagramSocket | undefined
}

/** A socket that stays full, or a program that hangs, is given up after this time (milliseconds). */
const PATIENCE = 5000
const RETRY = 50

/** Nothing is opened or loaded before the first message: a start has no time to lose. */
export function openTransport(options: TransportOptions): Transport {
  const warnOnce = once(options.warn)
  let opened: Transport | undefined
  const transport = (): Transport => {
    opened ??= datagrams(options, warnOnce) ?? helper(options, warnOnce)
    return opened
  }
  return {
    send: (assignments, fds) => transport().send(assignments, fds),
    carriesDescriptors: () => transport().carriesDescriptors(),
    settled: async () => opened?.settled(),
  }
}

type Warn = (assignments: readonly string[], why: unknown) => void

function once(warn: (message: string) => void): Warn {
  let told = false
  return (assignments, why) => {
    if (!told) warn(`systemd is not notified (${assignments[0]}): ${messageOf(why).trim()}`)
    told = true
  }
}

/** Undefined where none can be had, and for addresses that are no path (`vsock:`). */
function datagrams({ socket, openSocket = openDatagramSocket }: TransportOptions, warn: Warn) {
  if (!/^[/@]/.test(socket)) return undefined
  const opened = openSocket()
  return opened === undefined ? undefined : new Datagrams(opened, socket, warn)
}

interface Waiting {
  readonly assignments: readonly string[]
  readonly fds: readonly number[]
  readonly until: number
}

class Datagrams implements Transport {
  readonly #socket: DatagramSocket
  readonly #path: string
  readonly #warn: Warn
  readonly #waiting: Waiting[] = []
  #whenEmpty: (() => void)[] = []

  constructor(socket: DatagramSocket, path: string, warn: Warn) {
    this.#socket = socket
    this.#path = path
    this.#warn = warn
  }

  send(assignments: readonly string[], fds: readonly number[] = []): void {
    const message = { assignments, fds, until: performance.now() + PATIENCE }
    if (this.#waiting.length > 0) this.#waiting.push(message)
    else if (!this.#sent(message)) {
      this.#waiting.push(message)
      this.#retry()
    }
  }

  carriesDescriptors(): boolean {
    return true
  }

  settled(): Promise<void> {
    if (this.#waiting.length === 0) return Promise.resolve()
    return new Promise((resolve) => this.#whenEmpty.push(resolve))
  }

  /** False when it has to wait: systemd's queue is full. */
  #sent({ assignments, fds, until }: Waiting): boolean {
    const outcome = this.#socket.send(this.#path, Buffer.from(assignments.join('\n')), fds)
    if (outcome === 'sent') return true
    if (outcome === 'full' && performance.now() < until) return false
    this.#warn(assignments, outcome === 'full' ? 'its socket is full' : outcome)
    return true
  }

  #retry(): void {
    setTimeout(() => {
      while (this.#waiting[0] !== undefined && this.#sent(this.#waiting[0])) this.#waiting.shift()
      if (this.#waiting.length > 0) this.#retry()
      else for (const tell of this.#whenEmpty.splice(0)) tell()
    }, RETRY)
  }
}

/** Sends by `systemd-notify`, 10 ms each, one after the other: READY must not overtake RELOADING. */
function helper({ socket, env }: TransportOptions, warn: Warn): Transport {
  let last = Promise.resolve()
  const run = async (assignments: readonly string[]): Promise<void> => {
    try {
      await promisify(execFile)('systemd-notify', ['--', ...assignments], {
        env: { PATH: env['PATH'] ?? '/usr/bin:/bin', NOTIFY_SOCKET: socket },
        timeout: PATIENCE,
      })
    } catch (thrown) {
      warn(assignments, thrown)
    }
  }
  return {
    send: (assignments) => {
      last = last.then(() => run(assignments))
    },
    carriesDescriptors: () => false,
    settled: () => last,
  }
}
