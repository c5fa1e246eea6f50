/**
 * A process that stands by to call listen(2), as this one may not (it would accept, see listen.ts). Started while the
 * configuration is still being read, it answers in a millisecond where a fresh one takes thirty: time that every
 * start would wait. It ends with the first call, or with us.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import type { Listener } from './listener.ts'

/** The whole program: [index, backlog] and a handle in, [index, errno] out. */
const program = `process.on('message',([i,b],h)=>process.send([i,h?h.listen(b):-22])).on('disconnect',()=>process.reallyExit(0))`

/** One that has not answered by then is stuck. */
const patience = 5000

export interface ListenFailure {
  readonly listener: Listener
  /** As libuv gives it: negative. */
  readonly errno: number
}

/** 'unable': it could not be asked (it died, or this Node cannot send the handle); nothing was done then. */
export type Outcome = 'listening' | 'unable' | ListenFailure

export class Standby {
  readonly #child: ChildProcess

  constructor(env: NodeJS.ProcessEnv = {}) {
    this.#child = spawn(process.execPath, ['-e', program], {
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      env,
    })
    // A failed spawn is found out when it is asked.
    this.#child.on('error', () => undefined)
    this.#child.unref()
    this.#child.channel?.unref()
  }

  /** Calls listen(2) on all of them, once. Never rejects. */
  async listen(listeners: readonly Listener[], backlog: number): Promise<Outcome> {
    try {
      return await this.#ask(listeners, backlog)
    } catch {
      return 'unable'
    } finally {
      this.dismiss()
    }
  }

  dismiss(): void {
    if (this.#child.connected) this.#child.disconnect()
  }

  #ask(listeners: readonly Listener[], backlog: number): Promise<Outcome> {
    const child = this.#child
    return new Promise((resolve, reject) => {
      if (!child.connected) reject(new Error('it is gone'))
      const timer = setTimeout(() => reject(new Error('it does not answer')), patience)
      let left = listeners.length
      child.once('exit', () => reject(new Error('it died')))
      child.on('message', ([index, errno]: [number, number]) => {
        const listener = listeners[index]
        if (errno !== 0 && listener) resolve({ listener, errno })
        left -= 1
        if (left > 0) return
        clearTimeout(timer)
        resolve('listening')
      })
      listeners.forEach(({ handle }, index) => {
        child.send([index, backlog], handle as never, (error) => error && reject(error))
      })
    })
  }
}
