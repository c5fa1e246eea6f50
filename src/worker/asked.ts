/**
 * What the master asks for people: the requests in hand, and profiles. It answers each question once, whatever happens; it
 * does not know who wants to know. What profiles are made with is loaded when one is asked for.
 */
import { messageOf } from '../errors.ts'
import type { Engine } from '../http/engine.ts'
import { type Answer, mostSaid, type Question, type RequestSaid, type ToMaster } from '../ipc/messages.ts'
import type { Served } from './boot.ts'

export interface AskedParts {
  readonly served: () => Served | undefined
  readonly tell: (message: ToMaster) => Promise<void>
}

interface HeapWish {
  readonly id: number
  readonly file: string
}

export class Asked {
  readonly #parts: AskedParts
  #heap: HeapWish | undefined

  constructor(parts: AskedParts) {
    this.#parts = parts
  }

  ask(id: number, question: Question): void {
    if (question.what === 'heap') {
      this.#heap = { id, file: question.file }
      return
    }
    this.#answer(question).then(
      (answer) => this.#tell(id, answer),
      (error: unknown) => this.#tell(id, { what: 'failed', message: messageOf(error) }),
    )
  }

  /** Waits for a drain; no longer than `patience` milliseconds when a heap is to be written behind it. */
  async within(drain: Promise<void> | undefined, patience: number): Promise<void> {
    if (!this.#heap) return drain
    let timer: NodeJS.Timeout | undefined
    const over = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, patience)
    })
    await Promise.race([drain, over]).finally(() => clearTimeout(timer))
  }

  /** Writes the heap, if that was asked for: nothing is served any more, for it blocks the loop for seconds. */
  async writeHeap(): Promise<void> {
    const wish = this.#heap
    if (!wish) return
    this.#heap = undefined
    try {
      const { writeHeap } = await import('./profiles.ts')
      await writeHeap(wish.file)
      await this.#tell(wish.id, { what: 'heap', note: null })
    } catch (error) {
      await this.#tell(wish.id, { what: 'failed', message: messageOf(error) })
    }
  }

  async #answer(question: Exclude<Question, { what: 'heap' }>): Promise<Answer['answer']> {
    switch (question.what) {
      case 'requests':
        return { what: 'requests', requests: this.#requests() }
      case 'stack':
        return { what: 'failed', message: 'a loop that answers has no stack to tell of' }
      case 'cpu': {
        const { profileCpu } = await import('./profiles.ts')
        await profileCpu(question.file, question.seconds)
        return { what: 'cpu', note: null }
      }
    }
  }

  #requests(): readonly RequestSaid[] {
    const served = this.#parts.served()
    if (served?.front) return served.front.requests(mostSaid.requests)
    return requestsIn(served?.engine)
  }

  #tell(id: number, answer: Answer['answer']): Promise<void> {
    return this.#parts.tell({ type: 'answer', id, answer })
  }
}

const requestsIn = (engine: Engine | undefined): readonly RequestSaid[] =>
  (engine?.inflight() ?? []).slice(0, mostSaid.requests).map((one) => ({
    worker: process.pid,
    method: one.method,
    path: one.target.slice(0, mostSaid.path),
    ageMs: one.ageMs,
    client: one.remoteAddress,
    phase: one.responding ? 'responding' : 'running',
  }))
