/** `top`: looks at the server each second, shows it, and does what the keys ask for. */
import type { StackFact, Status } from '../../control/status.ts'
import { messageOf } from '../../errors.ts'
import { stackLines } from '../actions/facts.ts'
import { Failure } from '../failure.ts'
import type { Found } from '../seek.ts'
import { findServer, type Session } from '../session.ts'
import { keysIn } from './keys.ts'
import { pageOf, render } from './render.ts'
import { Terminal } from './screen.ts'
import { initial, press, refreshed, type Task, type TopState } from './state.ts'

const interval = 1000

export const top = async (session: Session): Promise<number> => {
  const { world, json } = session
  if (json) throw new Failure('usage', 'top has no JSON: use "tsgunicornc status --json" or "events --json".')
  if (!world.output.isTTY || !world.input.isTTY)
    throw new Failure('usage', 'top needs a terminal. Into a pipe, use "tsgunicornc status".')
  const found = await findServer(session)
  try {
    return await new Top(session, found).run()
  } finally {
    found.connection.close()
  }
}

class Top {
  readonly #session: Session
  readonly #found: Found
  readonly #terminal: Terminal
  #state: TopState
  #asking = false
  #end: (status: number) => void = () => undefined
  #fail: (thrown: unknown) => void = () => undefined

  constructor(session: Session, found: Found) {
    this.#session = session
    this.#found = found
    this.#state = initial(found.status)
    this.#terminal = new Terminal(session.world.output, session.world.input, {
      typed: (text) => this.#typed(text),
      resized: () => this.#draw(),
      ended: (status) => this.#end(status),
    })
  }

  /** Resolves with the exit status when it is left; rejects when the server goes. */
  async run(): Promise<number> {
    const end = new Promise<number>((resolve, reject) => {
      this.#end = resolve
      this.#fail = reject
    })
    this.#terminal.open()
    const timer = setInterval(() => this.#do(this.#look()), interval)
    this.#do(this.#found.connection.closed.then(() => Promise.reject(gone)))
    this.#draw()
    try {
      return await end
    } finally {
      clearInterval(timer)
      this.#terminal.close()
    }
  }

  #draw(): void {
    const { columns, rows } = this.#terminal
    this.#terminal.show(render(this.#state, { columns, rows, paint: this.#session.paint, now: Date.now() }))
  }

  #become(state: TopState): void {
    this.#state = state
    this.#draw()
  }

  #do(work: Promise<void>): void {
    work.catch((thrown: unknown) => this.#fail(thrown))
  }

  async #look(): Promise<void> {
    // A master that is slow is asked once: questions must not pile up.
    if (this.#asking) return
    this.#asking = true
    const status = (await this.#ask('status', {})) as Status
    this.#asking = false
    this.#become(refreshed(this.#state, status))
  }

  #typed(text: string): void {
    for (const key of keysIn(text)) {
      if (key === 'interrupt') this.#end(130)
      else if (key === 'suspend') this.#terminal.suspend()
      else {
        const { state, task } = press(this.#state, key, pageOf(this.#terminal.rows))
        this.#become(state)
        if (task !== undefined) this.#do(this.#perform(task))
      }
    }
  }

  async #perform(task: Task): Promise<void> {
    if (task.do === 'quit') {
      this.#end(0)
      return
    }
    try {
      if (task.do === 'stack') await this.#showStack(task.pid)
      else await this.#order(task.do, task.pid)
    } catch (thrown) {
      // Refused or late: the table goes on. A server that is gone ends it by `closed`.
      this.#become({ ...this.#state, message: messageOf(thrown) })
    }
  }

  async #showStack(pid: number): Promise<void> {
    const fact = (await this.#ask('stack', { pid })) as StackFact
    const [title = '', ...lines] = stackLines(fact)
    this.#become({ ...this.#state, view: { show: 'text', title, lines, top: 0 }, message: '' })
  }

  async #order(what: 'drain' | 'restart', pid: number): Promise<void> {
    await this.#ask(what, { pid })
    const words = what === 'drain' ? 'finishes its requests and exits' : 'is being replaced'
    this.#become({ ...this.#state, message: `Worker ${pid} ${words}.` })
  }

  #ask(command: string, args: Readonly<Record<string, unknown>>): Promise<unknown> {
    return this.#found.connection.ask(command, args, this.#session.timeout)
  }
}

const gone = new Failure('failed', 'The server closed the connection. Its log says why.', { code: 'gone' })
