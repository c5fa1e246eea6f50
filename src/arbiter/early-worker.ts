/**
 * The first worker's process, started before anything is known that it is for: Node needs longer to start than the
 * configuration to be read, and both go on at the same time. It first stands by to call listen(2), and then, if the
 * configuration asks for nothing that only a fresh process can have, it becomes the first worker. If not, it ends.
 *
 * It gets by message what others inherit: sockets as handles, the board by its path in /proc, folder and environment.
 */
import type { ChildProcess } from 'node:child_process'
import type { Config } from '../config/config.ts'
import { onWorkerMessage, toWorker } from '../ipc/channel.ts'
import type { ToMaster } from '../ipc/messages.ts'
import type { Listener } from '../sockets/listener.ts'
import type { Outcome, Standby } from '../sockets/standby.ts'
import { startProcess } from './children.ts'

/** One that has not answered by then is stuck. */
const PATIENCE = 5000

/** Variables that Node and its libraries look at once, at the start. */
const READ_AT_START = /^(NODE_|UV_|LD_|MALLOC_|OPENSSL_|SSL_|ICU_)/

type Phase = 'waiting' | 'listening' | 'over'

export class EarlyWorker implements Standby {
  readonly child: ChildProcess
  readonly #greeted: Promise<void>
  #phase: Phase = 'waiting'
  #answered: (message: Extract<ToMaster, { type: 'listened' }>) => void = () => undefined

  constructor(env: NodeJS.ProcessEnv) {
    this.child = startProcess({ nodeOptions: [], cwd: '.', env, output: 'inherit', descriptors: [] })
    // Until it is a worker, nobody waits for it and nobody mourns it.
    this.child.unref()
    this.child.on('error', () => undefined)
    this.#greeted = new Promise((resolve) => {
      onWorkerMessage(this.child, (message) => {
        if (message.type === 'hello') resolve()
        if (message.type === 'listened') this.#answered(message)
      })
    })
  }

  async listen(listeners: readonly Listener[], backlog: number): Promise<Outcome> {
    if (this.#phase !== 'waiting') return 'unable'
    try {
      const outcome = await this.#ask(listeners, backlog)
      this.#phase = 'listening'
      return outcome
    } catch {
      // Whatever is wrong with it, a helper of its own kind does the same (listen.ts).
      this.dismiss()
      return 'unable'
    }
  }

  /** Hands the process over if it can be a worker of this configuration, once; it is dismissed otherwise. */
  take(config: Config): ChildProcess | undefined {
    const fits = this.#phase === 'listening' && this.child.connected && canServe(config)
    if (!fits) this.dismiss()
    this.#phase = 'over'
    if (!fits) return undefined
    this.child.ref()
    return this.child
  }

  dismiss(): void {
    if (this.#phase !== 'over') this.child.kill('SIGKILL')
    this.#phase = 'over'
  }

  async #ask(listeners: readonly Listener[], backlog: number): Promise<Outcome> {
    let timer: NodeJS.Timeout | undefined
    const lost = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(new Error('it does not answer')), PATIENCE)
      this.child.once('exit', () => reject(new Error('it died')))
    })
    const outcome = this.#greeted.then(() => this.#listenAll(listeners, backlog))
    return Promise.race([outcome, lost]).finally(() => clearTimeout(timer))
  }

  async #listenAll(listeners: readonly Listener[], backlog: number): Promise<Outcome> {
    for (const [index, listener] of listeners.entries()) {
      const answer = new Promise<Extract<ToMaster, { type: 'listened' }>>((resolve) => {
        this.#answered = resolve
      })
      await toWorker(this.child, { type: 'listen', index, backlog }, listener.handle)
      const { errno } = await answer
      if (errno !== 0) return { listener, errno }
    }
    return 'listening'
  }
}

/** Whether a process that was started plainly can be a worker of this configuration. */
const canServe = ({ node_options, reload, daemon, reuse_port, raw_env }: Config): boolean =>
  process.platform === 'linux' &&
  node_options.length === 0 &&
  !reload &&
  !daemon &&
  !reuse_port &&
  !raw_env.some((pair) => READ_AT_START.test(pair))
