/**
 * What workers are asked over their channels, and how long an answer is waited for. A worker may be blocked, lie, or end:
 * every question has a deadline, nothing but who asked waits for it, and an answer to no question is dropped.
 */
import type { Answer, Question } from '../../ipc/messages.ts'
import type { Member } from '../crew.ts'

/** `silent`: no answer came in time; `ended`: the worker did. */
export type Reply = Answer['answer'] | { readonly what: 'silent' } | { readonly what: 'ended' }

interface Asked {
  readonly age: number
  readonly what: Question['what']
  readonly tell: (reply: Reply) => void
}

export class Questions {
  readonly #asked = new Map<number, Asked>()
  #last = 0

  /** Resolves to the worker's answer within `patience` milliseconds; never rejects. */
  ask({ age, child }: Pick<Member, 'age' | 'child'>, question: Question, patience: number): Promise<Reply> {
    this.#last += 1
    const id = this.#last
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#settle(id, { what: 'silent' }), patience)
      const tell = (reply: Reply): void => {
        clearTimeout(timer)
        resolve(reply)
      }
      this.#asked.set(id, { age, what: question.what, tell })
      child.tell({ type: 'ask', id, question })
    })
  }

  /** What a worker said; only who was asked can answer, and only what it was asked for. */
  answered(age: number, { id, answer }: Answer): void {
    const asked = this.#asked.get(id)
    if (asked?.age !== age || (answer.what !== asked.what && answer.what !== 'failed')) return
    this.#settle(id, answer)
  }

  /** The worker is no more. */
  ended(age: number): void {
    for (const [id, asked] of this.#asked) if (asked.age === age) this.#settle(id, { what: 'ended' })
  }

  #settle(id: number, reply: Reply): void {
    const asked = this.#asked.get(id)
    this.#asked.delete(id)
    asked?.tell(reply)
  }
}
