/**
 * A worker's life after it has booted: serving, draining, gone. One object owns the engine, the logs and the hooks;
 * commands come as signals and as messages of the master, and the first that ends the worker is the one that does.
 */

import { inSource } from '../config/stack.ts'
import { messageOf } from '../errors.ts'
import type { DrainOptions, Engine } from '../http/engine.ts'
import { releaseParent, toMaster } from '../ipc/channel.ts'
import type { Question, ToMaster, WorkerAddress } from '../ipc/messages.ts'
import { Meter } from '../metrics/meter.ts'
import { openSlot } from '../system/board-slot.ts'
import { Asked } from './asked.ts'
import { type Booted, type Served, serve } from './boot.ts'
import { exit } from './exit.ts'
import { leaveHangReport } from './hang.ts'
import { startHeartbeat } from './heartbeat.ts'
import { isHandle } from './inheritance.ts'
import { signalApp, type WorkerSignal } from './signals.ts'

type Accepting = Pick<DrainOptions, 'emptyAcceptQueue' | 'givenUp'>
type Phase = 'booting' | 'serving' | 'draining' | 'gone'

/** Time for the app's own listeners of TERM, when they do not end the process themselves. */
const CLEAN_UP = 5000
/** Where the application was found, symbolic links and all (app/load.ts puts it there). */
const program = (): string => process.argv[1] ?? ''

/** Time for hooks and the app when the worker is told to end at once. */
const QUICK = 1000
/** A worker without a master finishes what it can in this time. */
const ORPHAN = 1500

export class Worker {
  readonly #booted: Booted
  #phase: Phase = 'booting'
  #served: Served | undefined
  #recycling = false
  readonly #awaited = new Map<number, (handle: object) => void>()
  readonly #asked = new Asked({
    served: () => this.#served,
    tell: (message) => this.#tell(message),
  })

  constructor(booted: Booted) {
    this.#booted = booted
    process.once('exit', () => this.#exited())
    // Node prints it, and ends the process unless the app listens; a log that is not the standard error wants it, too.
    const { errorlog, error_log_format: format } = booted.config
    if (errorlog !== '-' || format === 'json') {
      process.on('uncaughtExceptionMonitor', (error) =>
        this.log.exception('Exception in worker process', error),
      )
    }
  }

  /** Accepts from now on, and says so. Rejects when it cannot listen, or `post_worker_init` throws. */
  async start(): Promise<void> {
    const { config, vital, boot, serves, inheritance } = this.#booted
    // In JSON this takes 40 ms: of a start that somebody waits for, or of the first requests.
    if (boot.unhurried) await this.log.usePino()
    const slot = openSlot(inheritance.board, boot.slot)
    const meter = new Meter(slot, (error) =>
      this.log.error(`What is counted cannot be written into the board: ${messageOf(error)}`),
    )
    this.#served = await serve(this.#booted, {
      meter,
      onRequest: () => this.#counted(),
      askListener: (index) => this.#askListener(index),
    })
    leaveHangReport({
      inflight: () => this.#engine?.inflight() ?? [],
      resting: () => this.#engine?.resting() ?? [],
      abort: () => this.#abortHook(),
    })
    // What runs no application does not leak one's memory.
    const limit = boot.role === 'worker' ? config.max_worker_memory : 0
    startHeartbeat({
      slot,
      meter,
      timeout: config.timeout * 1000,
      vitals: () => ({
        connections: this.#engine?.connections ?? 0,
        requests: vital.requests,
        phase: this.#phase === 'serving' ? 'ready' : 'retiring',
      }),
      queue: () => this.#served?.front,
      memory: (rss) => limit > 0 && rss > limit && this.#recycle('max_worker_memory', `${rss} bytes`),
    })
    this.#phase = 'serving'
    vital.booted = true
    await this.#tell(
      serves.kind === 'app'
        ? { type: 'ready', shape: serves.app.shape, program: program() }
        : { type: 'ready', shape: 'front', program: '' },
    )
    if (!boot.unhurried) await this.log.usePino()
  }

  get #engine(): Engine | undefined {
    return this.#served?.engine
  }

  get #name(): string {
    return this.#booted.boot.role === 'front' ? 'Front' : 'Worker'
  }

  get log() {
    return this.#booted.logs.error
  }

  /**
   * TERM: the master is asked to have this worker replaced. Whoever signals all processes of a server (systemd,
   * timeout(1)) has signalled the master, too; it says when to drain, and what to do with the accept queue.
   */
  asked(): void {
    if (this.#phase === 'booting') this.end(0)
    if (this.#phase === 'serving') void this.#tell({ type: 'recycle', reason: 'signal' })
  }

  /** The master's word: finish the requests in hand, let the app clean up, exit with status 0. */
  drain(accepted: Accepting): void {
    if (this.#phase === 'booting') this.end(0)
    if (this.#phase !== 'serving') return
    this.#phase = 'draining'
    this.#booted.vital.alive = false
    this.log.info(`${this.#name} exiting (pid: ${process.pid})`, { pid: process.pid })
    void this.#finish(accepted)
  }

  async #finish(accepted: Accepting): Promise<void> {
    const idleMs = (this.#booted.config.graceful_timeout * 1000) / 2
    try {
      await this.#asked.within(this.#engine?.drain({ ...accepted, idleMs }), idleMs * 2)
      this.#served?.front?.close()
    } catch (error) {
      this.log.exception('the drain failed', error)
    }
    await this.#asked.writeHeap()
    await this.#cleanUp('SIGTERM', CLEAN_UP)
    this.end(0)
  }

  /** Of the master, for who administers the server. */
  ask(id: number, question: Question): void {
    this.#asked.ask(id, question)
  }

  /** INT or QUIT: `worker_int`, and the end. */
  quit(signal: WorkerSignal): void {
    if (this.#phase === 'gone') return
    this.#booted.vital.alive = false
    if (this.#phase === 'serving')
      this.log.info(`${this.#name} exiting (pid: ${process.pid})`, { pid: process.pid })
    this.#phase = 'draining'
    void this.#interrupted(signal)
  }

  async #interrupted(signal: WorkerSignal): Promise<void> {
    await this.#hook('worker_int')
    await this.#cleanUp(signal, QUICK)
    this.end(0)
  }

  /** ABRT that reached the loop: `worker_abort`, and the end with status 1, as in Gunicorn. */
  abort(): void {
    this.#booted.vital.aborted = true
    this.log.info(`Worker exiting (pid: ${process.pid})`, { pid: process.pid })
    void this.#hook('worker_abort').then(() => this.end(1))
  }

  /** The master is dead: nobody would replace this worker, and nobody is to find it left. */
  orphaned(): void {
    if (this.#phase === 'gone') return
    this.log.info(`Parent changed, shutting down: ${this.#booted.boot.role}`, { pid: process.pid })
    setTimeout(() => this.end(0), ORPHAN).unref()
    this.drain({ emptyAcceptQueue: false, givenUp: false })
  }

  /** The handle that was asked for, from the master. */
  listener(index: number, handle: unknown): void {
    if (typeof handle !== 'object' || handle === null) return
    this.#awaited.get(index)?.(handle)
    this.#awaited.delete(index)
  }

  /** A connection of a worker that was blocked. What is not taken is left to the master, which has it, too. */
  adopt(id: number, handle: unknown): void {
    const given = isHandle(handle) ? handle : undefined
    const taken = given !== undefined && this.#phase === 'serving' && this.#engine?.adopt(given) === true
    if (!taken) given?.close()
    void this.#tell({ type: 'adopted', id, taken })
  }

  /** A colleague has come: it gets its part of the clients. */
  share(of: number): void {
    this.#engine?.share(of)
  }

  /** To a front: the workers it may use from now on. */
  workers(list: readonly WorkerAddress[], abandoned: boolean): void {
    this.#served?.front?.workers(list, abandoned)
  }

  /** To a front: no process is behind this worker any more. */
  workerEnded(age: number): void {
    this.#served?.front?.ended(age)
  }

  reopenLogs(): void {
    this.#booted.logs.reopen()
  }

  /** The end: `worker_exit` runs by the process's exit, logs are written. */
  end(code: number): void {
    if (this.#phase === 'gone') return
    this.#phase = 'gone'
    void this.#exitHook()
      .then(() => this.#booted.logs.close())
      .then(() => exit(code))
  }

  #counted(): void {
    const { vital, boot } = this.#booted
    vital.requests += 1
    if (boot.maxRequests > 0 && vital.requests === boot.maxRequests) {
      this.#recycle('max_requests', `${vital.requests} requests`)
    }
  }

  /** Asks to be replaced, once; it serves on until its successor is ready. */
  #recycle(reason: 'max_requests' | 'max_worker_memory', why: string): void {
    if (this.#recycling || this.#phase !== 'serving') return
    this.#recycling = true
    this.log.info(`Autorestarting worker after current request. (${reason}: ${why})`, {
      pid: process.pid,
      reason,
    })
    void this.#tell({ type: 'recycle', reason })
  }

  #askListener(index: number): Promise<object> {
    const handle = new Promise<object>((resolve) => {
      this.#awaited.set(index, resolve)
    })
    void this.#tell({ type: 'listener', index })
    return handle
  }

  async #tell(message: ToMaster): Promise<void> {
    try {
      await toMaster(message)
    } catch (error) {
      // The master is gone: 'disconnect' follows and ends this worker.
      this.log.debug(`the master could not be told '${message.type}': ${messageOf(error)}`)
    }
  }

  async #hook(name: 'worker_int' | 'worker_abort'): Promise<void> {
    try {
      await this.#booted.config[name]?.(this.#booted.facades.worker)
    } catch (error) {
      this.log.exception(`Exception in ${name} hook`, inSource(error))
    }
  }

  /** Called through the debugger while the loop is blocked: what the hook does synchronously is all it can do. */
  #abortHook(): void {
    this.#booted.vital.aborted = true
    void this.#hook('worker_abort')
  }

  /** The app's own listeners, now that its requests are done; they usually end the process. */
  async #cleanUp(signal: WorkerSignal, span: number): Promise<void> {
    // Until now the channel kept us alive, also while accepting pauses; from now on only what the app still does.
    releaseParent()
    const idle = new Promise<void>((resolve) => {
      process.once('beforeExit', () => resolve())
      setTimeout(resolve, span).unref()
    })
    if (signalApp(signal)) await idle
  }

  #exitCalled = false

  async #exitHook(): Promise<void> {
    if (this.#exitCalled) return
    this.#exitCalled = true
    const { config, facades } = this.#booted
    try {
      await config.worker_exit?.(facades.server, facades.worker)
    } catch (error) {
      this.log.exception('Exception in worker_exit hook', inSource(error))
    }
  }

  /** The app itself called process.exit, or crashed: the hook gets what can be done synchronously. */
  #exited(): void {
    void this.#exitHook()
    this.#booted.logs.flush()
  }
}
