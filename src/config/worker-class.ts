/**
 * What `worker_class` asks for, and what to use instead of what is not here. Judged for Python applications alone: a
 * JavaScript application has one kind of worker, whatever a shared configuration says.
 */
import { shown } from './words.ts'

/** The classes that are here, under every name Gunicorn has for them. */
const known: ReadonlySet<string> = new Set([
  'sync',
  'gthread',
  'gunicorn.workers.sync.SyncWorker',
  'gunicorn.workers.gthread.ThreadWorker',
])

const cooperative = `Use gthread, and threads for the requests that wait at a time ('-k gthread --threads 32'): slow clients and idle keep-alive connections are held by fronts and take no thread. Nothing is monkey-patched here.`
const asgi =
  'It is for ASGI applications; this server runs WSGI ones, with sync or gthread. Name the WSGI entry, or use an ASGI server.'

/** First match wins; what is matched is the name in small letters. */
const instead: ReadonlyArray<readonly [pattern: RegExp, words: string]> = [
  [/gevent|eventlet|greenlet/u, cooperative],
  [/asgi|uvicorn|hypercorn|daphne/u, asgi],
  [/tornado/u, `A WSGI application gains nothing by it. ${cooperative}`],
  [/meinheld/u, `It is no longer maintained. ${cooperative}`],
]
const other =
  'Classes of workers cannot be brought along, for HTTP is spoken by fronts. Use sync, or gthread with threads.'

/**
 * Why this class cannot run a Python application, as a sentence and what to use instead; undefined for `sync` and
 * `gthread`, by any name of Gunicorn's.
 */
export const workerClassFault = (value: string): string | undefined => {
  const name = value.trim()
  if (known.has(name) || known.has(name.toLowerCase())) return undefined
  const words = instead.find(([pattern]) => pattern.test(name.toLowerCase()))?.[1] ?? other
  return `worker_class = ${shown(name)} is not allowed. ${words}`
}

/** Whether requests of a Python worker are handled by threads: `gthread`, or `sync` with more than one of them. */
export const usesThreads = (workerClass: string, threads: number): boolean =>
  threads > 1 || /gthread/iu.test(workerClass)
