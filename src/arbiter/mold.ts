/**
 * The mold of a generation (`preload_app` with Python): a process that has loaded the application once and forks its
 * workers. They are its children, so it tells their ends; but each speaks to this master by a socket of its own, so that
 * they live on without it.
 */
import { createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { hasCode, ServerError } from '../errors.ts'
import type { Imports } from '../ipc/lines.ts'
import type { BootMessage, Bridge, ToMaster, ToWorker } from '../ipc/messages.ts'
import { statOf } from '../system/processes.ts'
import type { Child, ChildEvents, ChildSignal } from './child.ts'
import { type PythonOptions, spawnPython } from './children.ts'
import { Talk, type TalkEvents } from './talk.ts'

type Said = Exclude<ToMaster, { type: 'hello' }>

/** A forked worker says its hello as soon as it is there. */
const helloMs = 10_000
/** Beyond any number of workers: who may enter the folder must not take all descriptors of the master. */
const mostConnections = 4096

export interface MoldEvents {
  readonly imported: (imports: Imports) => void
  readonly garbled: (what: string) => void
  /** The mold ended; its workers serve on. `expected`: it was told to, or has said why. */
  readonly ended: (words: string, expected: boolean) => void
}

/** Where forked workers report: `master.sock` in the bridge's folder. One for a master. */
export class MoldDoor {
  readonly #awaited = new Map<number, MoldedChild>()
  readonly #token: string
  readonly #server: Server

  constructor({ folder, token }: Bridge) {
    this.#token = token
    this.#server = createServer((socket) => this.#greet(socket))
    this.#server.maxConnections = mostConnections
    // Workers may be another user's, and after a reload yet another's. Who may enter the folder is its mode's to say.
    // By the mask, as whoever owns the folder could put a link to any file where chmod(2) looks for the socket.
    const mask = process.umask(0)
    this.#server.listen(join(folder, 'master.sock')).unref()
    process.umask(mask)
    this.#server.on('error', (error) => process.emitWarning(`workers cannot be forked: ${error.message}`))
  }

  await(age: number, child: MoldedChild): void {
    this.#awaited.set(age, child)
  }

  forget(age: number): void {
    this.#awaited.delete(age)
  }

  close(): void {
    this.#server.close()
  }

  /** The first line says who it is, at once; whoever says anything else is no worker of ours. */
  #greet(socket: Socket): void {
    let child: MoldedChild | undefined
    const timer = setTimeout(() => socket.destroy(), helloMs).unref()
    const events: TalkEvents = {
      said: (message) => {
        if (message.type !== 'hello') return child ? child.heard(message) : void socket.destroy()
        if (child) return
        clearTimeout(timer)
        child = this.#admit(message)
        if (!child) return void socket.destroy()
        talk.known()
        child.connected(talk)
      },
      imported: (imports) => (child ? child.imported(imports) : socket.destroy()),
      garbled: (what) => (child ? child.garbled(what) : socket.destroy()),
    }
    const talk = new Talk(socket, events, 'stranger')
  }

  /** The worker that says so. From now on nobody else is. */
  #admit({ age, token }: Extract<ToMaster, { type: 'hello' }>): MoldedChild | undefined {
    if (age === undefined || token !== this.#token) return undefined
    const child = this.#awaited.get(age)
    this.#awaited.delete(age)
    return child
  }
}

export class MoldedChild implements Child {
  pid: number | undefined
  alive = true
  readonly #events: ChildEvents
  #talk: Talk | undefined
  readonly #unsent: ToWorker[] = []
  /** What came before it was known to be forked; undefined from then on. */
  #early: Array<() => void> | undefined = []

  constructor(events: ChildEvents) {
    this.#events = events
  }

  /**
   * The mold's word, which may come after the worker's own: on a busy machine a fork is ready before its parent is
   * on again. Until then, and until whoever asked for the fork knows of it (a promise), events wait.
   */
  forked(pid: number): void {
    this.pid = pid
    setImmediate(() => {
      const early = this.#early ?? []
      this.#early = undefined
      for (const tell of early) tell()
    })
  }

  #inTurn(tell: () => void): void {
    if (this.#early) this.#early.push(tell)
    else tell()
  }

  kill(signal: ChildSignal): boolean {
    if (!this.alive || this.pid === undefined) return false
    try {
      return process.kill(this.pid, signal)
    } catch (error) {
      if (hasCode(error, 'ESRCH')) return false
      throw error
    }
  }

  tell(message: ToWorker): void {
    if (this.#talk) this.#talk.tell(message)
    else this.#unsent.push(message)
  }

  heard(message: Said): void {
    this.#inTurn(() => this.#events.said(message))
  }

  /** Files that came after the fork: the others were told by the mold. */
  imported(imports: Imports): void {
    this.#inTurn(() => this.#events.imported(imports))
  }

  garbled(what: string): void {
    this.#inTurn(() => this.#events.garbled(what))
  }

  connected(talk: Talk): void {
    this.#talk = talk
    for (const message of this.#unsent.splice(0)) this.tell(message)
  }

  /** The end of its channel is not its end; its parent tells that. */
  ended(code: number | null, signal: string | null): void {
    if (!this.alive) return
    this.alive = false
    const tell = () => this.#inTurn(() => this.#events.ended(code, signal))
    if (this.#talk) this.#talk.afterLastWord(tell)
    else tell()
  }

  /** Nobody tells its end any more: its channel's end has to do. False when there is none: then it is given up. */
  orphaned(): boolean {
    if (!this.#talk?.isOpen) {
      this.ended(null, null)
      return false
    }
    this.#talk.closed(() => this.ended(null, null))
    return true
  }
}

/** Between ABRT, which has a mold write its stacks, and KILL. */
const ABORT_PATIENCE = 1000

interface Fork {
  readonly child: MoldedChild
  readonly resolve: (child: Child) => void
  readonly reject: (error: Error) => void
}

export class Mold {
  readonly #process: Child
  readonly #door: MoldDoor
  readonly #children = new Map<number, MoldedChild>()
  readonly #forks = new Map<number, Fork>()
  /** Rejects with what keeps the application from being loaded. */
  readonly ready: Promise<void>
  #failure: ServerError | undefined
  /** 'retiring': told to fork no more, by this master or by a signal. */
  #phase: 'loading' | 'serving' | 'retiring' = 'loading'
  #resolve: () => void = () => undefined
  #reject: (error: Error) => void = () => undefined

  constructor(
    options: Omit<PythonOptions, 'program'>,
    door: MoldDoor,
    { imported, garbled, ended }: MoldEvents,
  ) {
    this.#door = door
    this.ready = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    // Whoever waits for it hears of it; nobody has to.
    this.ready.catch(() => undefined)
    this.#process = spawnPython(
      { ...options, program: 'mold' },
      {
        said: (message) => this.#heard(message),
        imported,
        garbled,
        ended: (code, signal) => {
          const words = `the mold (pid:${this.pid}) ended ${signal ? `by ${signal}` : `with status ${code}`}`
          this.#ended(words)
          ended(words, this.#phase === 'retiring' || this.#failure !== undefined)
        },
      },
    )
  }

  get pid(): number | undefined {
    return this.#process.pid
  }

  /** Whether it forks. */
  get usable(): boolean {
    return this.#phase !== 'retiring' && this.#process.alive
  }

  /** A worker that is told `boot`. Rejects when it cannot be forked. */
  fork(boot: BootMessage, events: ChildEvents): Promise<Child> {
    return new Promise((resolve, reject) => {
      const child = new MoldedChild(events)
      this.#forks.set(boot.age, { child, resolve, reject })
      this.#door.await(boot.age, child)
      this.#process.tell({ type: 'fork', boot })
    })
  }

  /**
   * No more workers; it exits when its last one has. One that still loads the application hears nothing, perhaps never:
   * it is ended, and its stacks tell the log what it was at. True when that was so.
   */
  retire(): boolean {
    const isLoading = this.#phase === 'loading' && this.#process.alive
    this.#phase = 'retiring'
    this.#process.tell({ type: 'retire' })
    if (!isLoading) return false
    this.#process.kill('SIGABRT')
    setTimeout(() => this.kill(), ABORT_PATIENCE).unref()
    return true
  }

  kill(): void {
    this.#process.kill('SIGKILL')
  }

  #heard(message: Said): void {
    if (message.type === 'ready') this.#loaded()
    else if (message.type === 'failed') this.#failed(message)
    else if (message.type === 'forked') this.#forked(message)
    else if (message.type === 'recycle') this.#phase = 'retiring'
    else if (message.type === 'ended') {
      this.#children.get(message.age)?.ended(message.code, message.signal)
      this.#children.delete(message.age)
      this.#door.forget(message.age)
    }
  }

  #loaded(): void {
    if (this.#phase === 'loading') this.#phase = 'serving'
    this.#resolve()
  }

  #failed({ exit, message, detail }: Extract<Said, { type: 'failed' }>): void {
    const code = exit === 4 ? 'TSG_APP_SHAPE' : 'TSG_WORKER_BOOT'
    this.#failure = new ServerError(code, message, detail ? { detail } : {})
  }

  #forked({ age, pid, message }: Extract<Said, { type: 'forked' }>): void {
    const fork = this.#forks.get(age)
    if (!fork) return
    this.#forks.delete(age)
    // It will be sent signals, perhaps by root: what runs in the mold may not name anybody else's process.
    const isOurs = (statOf(pid)?.parent ?? this.pid) === this.pid
    if (pid <= 0 || !isOurs) {
      this.#door.forget(age)
      fork.reject(new Error(message ?? (pid > 0 ? `${pid} is no child of the mold` : 'fork(2) failed')))
      return
    }
    this.#children.set(age, fork.child)
    fork.child.forked(pid)
    fork.resolve(fork.child)
  }

  #ended(words: string): void {
    this.#reject(this.#failure ?? new ServerError('TSG_WORKER_BOOT', `preload_app: ${words}`))
    for (const [age, { reject }] of this.#forks) {
      // It may be there already: who is not let in ends.
      this.#door.forget(age)
      reject(new Error(words))
    }
    this.#forks.clear()
    for (const [age, child] of this.#children) if (!child.orphaned()) this.#door.forget(age)
    this.#children.clear()
  }
}
