/**
 * A worker process as its master deals with it, whoever is its parent: spawned by this process, or forked by a mold. It
 * can be told things and be ended; what it says and its end are events (children.ts, mold.ts).
 */
import type { ChildProcess } from 'node:child_process'
import { hasCode, messageOf } from '../errors.ts'
import { toWorker } from '../ipc/channel.ts'
import type { Imports } from '../ipc/lines.ts'
import type { ToMaster, ToWorker } from '../ipc/messages.ts'
import type { Signal } from './state.ts'
import type { Talk } from './talk.ts'

/** Beyond the judgement's signals: SIGUSR2 has a Python worker dump its stacks. */
export type ChildSignal = Signal | 'SIGUSR2'

export interface Child {
  readonly pid: number | undefined
  /** Its end has not been heard of. */
  readonly alive: boolean
  /** False when it is gone already. */
  kill(signal: ChildSignal): boolean
  /** One that is gone needs no telling. `handle` only reaches processes of Node's. */
  tell(message: ToWorker, handle?: unknown): void
}

export interface ChildEvents {
  readonly said: (message: Exclude<ToMaster, { type: 'hello' }>) => void
  /** Files the worker has imported (`reload`). */
  readonly imported: (imports: Imports) => void
  /** It wrote to its channel what is no message, in words; told once. */
  readonly garbled: (what: string) => void
  readonly ended: (code: number | null, signal: string | null) => void
}

/** A child of this process. */
export abstract class SpawnedChild implements Child {
  readonly process: ChildProcess

  constructor(process: ChildProcess) {
    this.process = process
  }

  get pid(): number | undefined {
    return this.process.pid
  }

  get alive(): boolean {
    return this.process.exitCode === null && this.process.signalCode === null
  }

  kill(signal: ChildSignal): boolean {
    return this.process.kill(signal)
  }

  abstract tell(message: ToWorker, handle?: unknown): void
}

/** With Node's channel. */
export class NodeChild extends SpawnedChild {
  tell(message: ToWorker, handle?: unknown): void {
    toWorker(this.process, message, handle).catch((error: unknown) => {
      // It has closed its side already: its end is on its way.
      if (this.alive && this.process.connected && !hasCode(error, 'EPIPE', 'ECONNRESET')) {
        process.emitWarning(`worker ${this.pid} could not be told '${message.type}': ${messageOf(error)}`)
      }
    })
  }
}

/** With a channel of lines. */
export class PythonChild extends SpawnedChild {
  readonly #talk: Talk

  constructor(process: ChildProcess, talk: Talk) {
    super(process)
    this.#talk = talk
  }

  tell(message: ToWorker): void {
    this.#talk.tell(message)
  }
}
