/**
 * What the servers of `bench:wsgi` are asked, and wrk, which asks. It knows no server but its port.
 */
import { execFile, spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

export interface Workload {
  readonly name: string
  /** The application's module. */
  readonly module: string
  readonly path: string
  /** Bytes that are posted; 0: a GET. */
  readonly upload: number
  /** Whether this is the right body. */
  readonly isRight: (body: string) => boolean
}

const megabyte = 1_048_576

export const hello: Workload = {
  name: 'hello',
  module: 'plain',
  path: '/',
  upload: 0,
  isRight: (body) => body === 'hello',
}

/** What the memory of a fat application is measured by. */
export const fat: Workload = {
  name: 'fat',
  module: 'fat_app',
  path: '/',
  upload: 0,
  isRight: (body) => body.startsWith('{"articles": ['),
}

export const workloads: readonly Workload[] = [
  hello,
  {
    name: 'flask',
    module: 'flask_app',
    path: '/hello/world',
    upload: 0,
    isRight: (body) => body === 'hello, world',
  },
  {
    name: 'django json',
    module: 'django_app',
    path: '/orders/7/?page=2',
    upload: 0,
    isRight: (body) => body.startsWith('{"order": 7, "page": 2,'),
  },
  {
    name: 'django template',
    module: 'django_app',
    path: '/page/',
    upload: 0,
    isRight: (body) => body.length > 9_500 && body.length < 11_000 && body.endsWith('</html>'),
  },
  {
    name: '1 MB response',
    module: 'plain',
    path: '/large',
    upload: 0,
    isRight: (body) => body.length === megabyte,
  },
  {
    name: '1 MB upload',
    module: 'plain',
    path: '/upload',
    upload: megabyte,
    isRight: (body) => body === String(megabyte),
  },
]

export type Mode = 'keep-alive' | 'close'
export const modes: readonly Mode[] = ['keep-alive', 'close']

export interface Burst {
  readonly port: number
  readonly seconds: number
  readonly workload: Workload
  readonly mode: Mode
  /** Where scripts may be written. */
  readonly folder: string
  /** Words before the tool's own: `taskset -c 1`. */
  readonly before: readonly string[]
}

export interface Measured {
  readonly requests: number
  readonly perSecond: number
  /** Milliseconds. */
  readonly p99: number
  /** Connections that were refused or reset, or waited more than 2 s for an answer. */
  readonly faults: number
}

export const connections = 64

/** Why nothing can be measured here, if so. */
export const missingTool = (): string | undefined =>
  spawnSync('wrk', ['-v'], { stdio: 'ignore' }).error === undefined ? undefined : 'wrk is not installed'

/** The request is made once; wrk's own text rounds what `done` is given exactly. */
const scriptOf = ({ upload }: Workload): string => `
init = function()
  ${upload === 0 ? '' : `wrk.method = "POST"\n  wrk.body = string.rep("x", ${upload})`}
  one = wrk.format()
end
request = function() return one end
done = function(summary, latency)
  local e = summary.errors
  io.write(string.format('\\nRESULT {"requests":%d,"micros":%d,"p99":%f,"faults":%d,"status":%d}\\n',
    summary.requests, summary.duration, latency:percentile(99), e.connect + e.read + e.write + e.timeout, e.status))
end
`

interface Result {
  readonly requests: number
  readonly micros: number
  readonly p99: number
  readonly faults: number
  readonly status: number
}

/** One burst of load on 64 connections. Throws when an answer is not 2xx or 3xx, or nothing was answered. */
export const burst = async ({ port, seconds, workload, mode, folder, before }: Burst): Promise<Measured> => {
  const script = join(folder, 'wrk.lua')
  writeFileSync(script, scriptOf(workload))
  const words = [...before, 'wrk', '-t1', `-c${connections}`, `-d${seconds}s`, '-s', script]
  const close = mode === 'close' ? ['-H', 'Connection: close'] : []
  const [program = '', ...args] = [...words, ...close, `http://127.0.0.1:${port}${workload.path}`]
  const { stdout } = await run(program, args, { timeout: (seconds + 30) * 1000 })
  const result: Result = JSON.parse(/^RESULT (.*)$/m.exec(stdout)?.[1] ?? 'null')
  if (result === null || result.requests === 0) throw new Error('nothing was answered')
  if (result.status > 0) throw new Error(`${result.status} of ${result.requests} answers were errors`)
  return {
    requests: result.requests,
    perSecond: (result.requests / result.micros) * 1e6,
    p99: result.p99 / 1000,
    faults: result.faults,
  }
}
