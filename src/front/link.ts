/**
 * One unix socket to a worker: frames out, gathered so that what is said in one turn of the loop is one write, and
 * frames in, read into one buffer that all links share. Owns the socket; knows nothing of what frames mean.
 */
import { connect, type Socket } from 'node:net'
import { FrameReader, type FrameSink, FrameWriter } from './frames.ts'

/** Who is told of a link. */
export interface LinkOwner extends FrameSink {
  connected(): void
  /** All frames that came together were given out. */
  fed(): void
  /** What was gathered is about to be written. */
  flushing(): void
  /** The end, called once. */
  closed(why: LinkEnd): void
}

/** How a link ended; `words` are there unless the other side closed it in order. `fault`: what it said was wrong. */
export interface LinkEnd {
  readonly fault: boolean
  readonly words: string | undefined
}

/** As much as a unix socket holds by default, and some. */
const readBuffer = Buffer.allocUnsafeSlow(262_144)

/** Bodies of so many bytes are written from where they are. */
const bulky = 16_384

export class Link {
  readonly #socket: Socket
  readonly #owner: LinkOwner
  readonly #writer = new FrameWriter()
  readonly #reader: FrameReader
  #scheduled = false
  #flowing = true
  /** Whether something came since `isIdle` was asked. */
  #heard = true
  #end: LinkEnd = { fault: false, words: undefined }

  /** Connects to the socket at `path`; `most` bytes has the longest frame that comes. */
  constructor(path: string, owner: LinkOwner, most?: number) {
    this.#owner = owner
    this.#reader = new FrameReader(owner, most)
    // What is left of a large frame is read to where it belongs.
    const buffer = (): Buffer => this.#reader.place ?? readBuffer
    const callback = (count: number, bytes: Uint8Array): boolean => this.#received(count, bytes)
    this.#socket = connect({ path, onread: { buffer, callback } })
    this.#socket
      .on('connect', () => owner.connected())
      .on('error', (error) => {
        this.#end = { fault: this.#end.fault, words: this.#end.words ?? error.message }
      })
      .on('close', () => this.#closed())
  }

  /** Gathers a frame; a large body is written at once, and is not to be changed any more. */
  send(type: number, flags: number, index: number, id: number, text = '', body?: Uint8Array): void {
    if (body !== undefined && body.length >= bulky) {
      this.#writer.addHead(type, flags, index, id, text, body.length)
      return void this.#write(body)
    }
    this.#writer.add(type, flags, index, id, text, body)
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(flushLater, this)
  }

  /** Writes what was gathered. */
  flush(): void {
    this.#scheduled = false
    if (this.#writer.used > 0) this.#write()
  }

  #write(body?: Uint8Array): void {
    const [writer, socket] = [this.#writer, this.#socket]
    if (socket.destroyed) return void writer.reuse(true)
    this.#owner.flushing()
    if (body !== undefined) socket.cork()
    socket.write(writer.take())
    if (body !== undefined) {
      socket.write(body)
      socket.uncork()
    }
    // Else the system did not take all of it, and node reads the rest from where it stands.
    writer.reuse(socket.writableLength === 0)
  }

  /** Whether to read: frames that came already are given out all the same. */
  flow(on: boolean): void {
    if (this.#flowing === on) return
    this.#flowing = on
    this.#socket[on ? 'resume' : 'pause']()
  }

  get isFlowing(): boolean {
    return this.#flowing
  }

  /** Whether it reads, and nothing came since this was asked last. */
  get isIdle(): boolean {
    const idle = this.#flowing && !this.#heard
    this.#heard = false
    return idle
  }

  /** Ends it behind what was gathered. */
  end(): void {
    this.flush()
    this.#reader.stop()
    this.flow(true)
    this.#socket.end()
  }

  /** Cuts it; with `fault` for what the other side said. */
  destroy(fault?: string): void {
    if (fault !== undefined) this.#end = { fault: true, words: fault }
    this.#reader.stop()
    this.#socket.destroy()
  }

  #received(count: number, bytes: Uint8Array): boolean {
    this.#heard = true
    const fault = bytes === readBuffer ? this.#reader.feed(readBuffer, count) : undefined
    if (bytes !== readBuffer) this.#reader.filled(count)
    if (fault !== undefined) this.destroy(fault)
    else this.#owner.fed()
    return this.#flowing
  }

  #closed(): void {
    this.#reader.stop()
    this.#owner.closed(this.#end)
  }
}

const flushLater = (link: Link): void => link.flush()
