/**
 * What Gunicorn's workers inherit by fork(2) from the process that ran gunicorn.conf.py and its hooks, as far as it can
 * travel: here workers are children of another process, which is told it (tsgunicorn_wsgi/heritage.py).
 */
import { isRecord } from '../util/is-record.ts'

export interface Inherited {
  /** Changes of the environment; null takes a variable away. */
  readonly env: Readonly<Record<string, string | null>>
  /** Folders that were put on sys.path, before and behind what was there. */
  readonly first: readonly string[]
  readonly last: readonly string[]
  /** Plain data that hooks have put on `server`, and on the `worker` that is forked. */
  readonly server: Readonly<Record<string, unknown>>
  readonly worker: Readonly<Record<string, unknown>>
}

export const nothingInherited: Inherited = { env: {}, first: [], last: [], server: {}, worker: {} }

/** As the side process tells it. */
export const inheritedFrom = (told: unknown): Inherited => {
  if (!isRecord(told)) return nothingInherited
  const { env, first, last, server, worker } = told
  return {
    env: isRecord(env)
      ? Object.fromEntries(
          Object.entries(env).map(([name, value]) => [name, value === null ? null : String(value)]),
        )
      : {},
    first: Array.isArray(first) ? first.map(String) : [],
    last: Array.isArray(last) ? last.map(String) : [],
    server: isRecord(server) ? server : {},
    worker: isRecord(worker) ? worker : {},
  }
}
