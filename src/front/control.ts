/** A control channel: what a worker and its front say beside the requests. It knows no request. */
import type { FrameReader } from './frames.ts'
import { Link, type LinkEnd, type LinkOwner } from './link.ts'
import { controlFlag, protocolVersion, toFront, toWorker } from './protocol.ts'

/** Who is told. */
export interface ControlOwner {
  readonly token: string
  /** The worker answered. */
  heard(): void
  /** The worker wants no more requests. */
  goAway(): void
  /** These, of a thread, were not started and never will be. */
  returned(thread: number, ids: ReadonlySet<number>): void
  /** A request took too long, and its thread's channel is dead. */
  timedOut(thread: number, id: number): void
  controlClosed(why: LinkEnd): void
}

/** Bytes of the longest frame: RETURNED has an id for each place of a window at most. */
const longest = 4096

export class Control implements LinkOwner {
  readonly #owner: ControlOwner
  readonly #link: Link
  #phase: 'opening' | 'open' = 'opening'

  constructor(path: string, owner: ControlOwner) {
    this.#owner = owner
    this.#link = new Link(path, this, longest)
  }

  /** Asks back what this thread has not started. */
  poke(thread: number): void {
    this.#link.send(toWorker.poke, 0, thread, 0)
  }

  end(): void {
    this.#link.end()
  }

  cut(fault?: string): void {
    this.#link.destroy(fault)
  }

  connected(): void {
    this.#link.send(toWorker.hello, controlFlag, protocolVersion, 0, this.#owner.token)
  }

  frame(reader: FrameReader): void {
    const { type, index } = reader
    if (this.#phase === 'opening') {
      if (type !== toFront.hello) return void this.#fault(type)
      this.#phase = 'open'
      this.#owner.heard()
    } else if (type === toFront.goAway) this.#owner.goAway()
    else if (type === toFront.returned) this.#owner.returned(index, idsIn(reader.body))
    else if (type === toFront.timeout) this.#owner.timedOut(index, reader.id)
    else this.#fault(type)
  }

  fed(): void {
    // Each frame was told when it came.
  }

  flushing(): void {
    // Nothing here is measured.
  }

  closed(why: LinkEnd): void {
    this.#owner.controlClosed(why)
  }

  #fault(type: number): void {
    this.cut(`a frame of type ${type} came on the control channel, where it may not`)
  }
}

const idsIn = (body: Buffer): Set<number> => {
  const ids = new Set<number>()
  for (let at = 0; at + 4 <= body.length; at += 4) ids.add(body.readUInt32LE(at))
  return ids
}
