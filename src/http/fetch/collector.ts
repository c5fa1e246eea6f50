/**
 * Takes a body whole: one buffer, at once when all of it is there.
 */
import type { BodySink, CoreBody } from '../core/types.ts'
import { Pieces } from '../pieces.ts'

type State =
  | { readonly phase: 'open' }
  | {
      readonly phase: 'awaited'
      readonly resolve: (bytes: Buffer) => void
      readonly reject: (error: Error) => void
    }
  | { readonly phase: 'whole'; readonly bytes: Buffer }
  | { readonly phase: 'failed'; readonly error: Error }

class Collector implements BodySink {
  readonly #pieces = new Pieces()
  #state: State = { phase: 'open' }

  data(chunk: Buffer): void {
    this.#pieces.add(chunk)
  }

  ended(): void {
    const bytes = this.#pieces.takeAll()
    if (this.#state.phase === 'awaited') this.#state.resolve(bytes)
    this.#state = { phase: 'whole', bytes }
  }

  failed(error: Error): void {
    if (this.#state.phase === 'awaited') this.#state.reject(error)
    this.#state = { phase: 'failed', error }
  }

  /** Throws what the body failed of, when that is known already. */
  result(): Buffer | Promise<Buffer> {
    const state = this.#state
    if (state.phase === 'whole') return state.bytes
    if (state.phase === 'failed') throw state.error
    return new Promise((resolve, reject) => {
      this.#state = { phase: 'awaited', resolve, reject }
    })
  }
}

/** All of a body. Throws, or rejects, with what keeps it from coming whole. */
export const collect = (body: CoreBody): Buffer | Promise<Buffer> => {
  const collector = new Collector()
  body.read(collector)
  return collector.result()
}
