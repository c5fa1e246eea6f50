/**
 * Messages as datagrams to a socket on a path, which is looked up each time: a daemon that was started anew is found
 * at once. Where no such socket can be had there is an error that says what to do. It knows nothing of what it sends.
 */
import { ServerError } from '../errors.ts'
import { type DatagramSocket, openDatagramSocket, whyNoDatagrams } from '../system/libc.ts'
import { boundedGoodbye, type OnTrouble, Outage, QUEUE, type Remote } from './remote.ts'

/** A daemon whose queue is full is tried again after this time (milliseconds). */
const AGAIN = 20

export class DatagramRemote implements Remote {
  readonly #path: string
  readonly #outage: Outage
  readonly #socket: DatagramSocket
  /** Told when the path turns out to be a stream socket. */
  readonly #onStream: ((bytes: Buffer) => void) | undefined
  readonly #kept: Buffer[] = []
  #retry: NodeJS.Timeout | undefined
  #onQuiet: (() => void) | undefined
  #phase: 'open' | 'closed' = 'open'

  /** `setting`, `text`: for the words of TSG_PLATFORM, thrown where no datagram socket can be had. */
  constructor(
    { path, setting, text }: DatagramPlace,
    onTrouble: OnTrouble,
    onStream?: (bytes: Buffer) => void,
  ) {
    const socket = openDatagramSocket()
    if (socket === undefined) throw noDatagrams(setting, text)
    this.#path = path
    this.#socket = socket
    this.#outage = new Outage(onTrouble)
    this.#onStream = onStream
  }

  send(bytes: Buffer): void {
    if (this.#phase === 'closed') return
    if (this.#kept.length > 0 || !this.#sent(bytes)) this.#keep(bytes)
  }

  async close(): Promise<void> {
    await boundedGoodbye((done) => {
      this.#onQuiet = done
      this.#quiet()
    })
    this.#phase = 'closed'
    clearTimeout(this.#retry)
    this.#socket.close()
  }

  /** False when it has to be tried again. A message that nobody can take is lost. */
  #sent(bytes: Buffer): boolean {
    const outcome = this.#socket.send(this.#path, bytes)
    if (outcome === 'full') return false
    if (outcome === 'sent') this.#outage.end()
    // A socket of the other type: connect(2), unix(7).
    else if (outcome.code === 'EPROTOTYPE' && this.#onStream) this.#onStream(bytes)
    else this.#outage.begin(outcome)
    return true
  }

  #keep(bytes: Buffer): void {
    if (this.#kept.length < QUEUE) this.#kept.push(bytes)
    this.#retry ??= setTimeout(() => this.#empty(), AGAIN).unref()
  }

  #empty(): void {
    this.#retry = undefined
    while (this.#kept[0] !== undefined && this.#sent(this.#kept[0])) this.#kept.shift()
    if (this.#kept.length > 0) this.#retry = setTimeout(() => this.#empty(), AGAIN).unref()
    this.#quiet()
  }

  #quiet(): void {
    if (this.#kept.length === 0) this.#onQuiet?.()
  }
}

export interface DatagramPlace {
  readonly path: string
  /** The setting, and its value as it was written. */
  readonly setting: string
  readonly text: string
}

/** TSG_PLATFORM, in words that say what to install, or to use instead. */
export const noDatagrams = (setting: string, text: string): ServerError =>
  new ServerError(
    'TSG_PLATFORM',
    `${setting}: '${text}' is a datagram socket, which Node cannot open by itself, and ${whyNoDatagrams()}. ` +
      `Install it (npm install koffi), or let the daemon listen on UDP and use ${alternatives[setting] ?? 'that'}.`,
  )

const alternatives: Readonly<Record<string, string>> = {
  syslog_addr: "'udp://localhost:514' (rsyslog: module imudp)",
  statsd_host: 'HOST:PORT, as localhost:8125',
}
