/**
 * What the servers of `bench:http` are asked, and by which tool: wrk where it is installed, else autocannon. It knows
 * no server but its port.
 */
import { execFile, spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Task } from './http-contestants.ts'

const run = promisify(execFile)

export interface Workload {
  readonly name: string
  readonly task: Task
  /** `Name: value`, beside Host. */
  readonly headers: readonly string[]
  readonly body?: string
  /** Requests sent before an answer is awaited; 1 unless said. */
  readonly depth?: number
  /** What a good answer's body is. */
  readonly answer: string
  /** Whether only the first few contestants take part. */
  readonly short: boolean
}

const browser = [
  'Connection: keep-alive',
  'Cache-Control: max-age=0',
  'sec-ch-ua: "Chromium";v="142", "Not_A Brand";v="99", "Google Chrome";v="142"',
  'sec-ch-ua-mobile: ?0',
  'sec-ch-ua-platform: "Linux"',
  'Upgrade-Insecure-Requests: 1',
  'User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36',
  'Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8',
  'Sec-Fetch-Site: same-origin',
  'Sec-Fetch-Mode: navigate',
  'Sec-Fetch-User: ?1',
  'Sec-Fetch-Dest: document',
  'Referer: https://www.example.com/section/page?query=one&other=two',
  'Accept-Encoding: gzip, deflate, br, zstd',
  'Accept-Language: en-GB,en;q=0.9,de;q=0.8',
  'Cookie: session=8f14e45fceea167a5a36dedd4bea2543; theme=dark; consent=all; _ga=GA1.1.1234567890.1700000000',
  'If-None-Match: W/"5d8c72a5edda8d6a:3239"',
  'DNT: 1',
  'Priority: u=0, i',
] as const

/** With its frame it is 1,024 bytes. */
const text = 'a'.repeat(1024 - '{"text":""}'.length)

export const workloads = [
  { name: 'hello', task: 'hello', headers: [], answer: 'hello', short: false },
  { name: '20 browser headers', task: 'hello', headers: browser, answer: 'hello', short: true },
  {
    name: '1 KB JSON POST',
    task: 'json',
    headers: ['Content-Type: application/json'],
    body: JSON.stringify({ text }),
    answer: String(text.length),
    short: true,
  },
  { name: '64 KB response', task: 'large', headers: [], answer: 'x'.repeat(65_536), short: true },
  { name: 'Connection: close', task: 'hello', headers: ['Connection: close'], answer: 'hello', short: true },
  { name: 'pipelined, 16 deep', task: 'hello', headers: [], depth: 16, answer: 'hello', short: true },
] as const satisfies readonly Workload[]

/** Those that take part in the short workloads: node:http and what supervises it, tsgunicorn with fetch, hono on both. */
export const regulars: readonly string[] = [
  'node:http',
  'tsgunicorn, fetch',
  'tsgunicorn, hono',
  '@hono/node-server',
  'node:cluster',
  'pm2',
]

export interface Burst {
  readonly port: number
  readonly seconds: number
  readonly workload: Workload
  /** Where scripts may be written. */
  readonly folder: string
  /** Words before the tool's own: `taskset -c 1`. */
  readonly before: readonly string[]
}

export interface Measured {
  readonly requests: number
  readonly perSecond: number
  /** Connections that the tool says were refused, reset or late. */
  readonly faults: number
}

export const tool: 'wrk' | 'autocannon' =
  spawnSync('wrk', ['-v'], { stdio: 'ignore' }).error === undefined ? 'wrk' : 'autocannon'

const connections = 64

const spawnTool = (before: readonly string[], command: readonly string[]) => {
  const [program = '', ...args] = [...before, ...command]
  return run(program, args, { maxBuffer: 16_777_216 })
}

/** wrk counts answers, not calls of `request`: a string of several requests is a pipeline. */
const scriptOf = ({ body, depth = 1 }: Workload): string => `
init = function()
  ${body === undefined ? '' : `wrk.method = "POST"\n  wrk.body = ${JSON.stringify(body)}`}
  local one = wrk.format()
  all = string.rep(one, ${depth})
end
request = function() return all end
`

const byWrk = async ({ port, seconds, workload, folder, before }: Burst): Promise<Measured> => {
  const script = join(folder, 'wrk.lua')
  writeFileSync(script, scriptOf(workload))
  const { stdout } = await spawnTool(before, [
    'wrk',
    '-t1',
    `-c${connections}`,
    `-d${seconds}s`,
    '-s',
    script,
    ...workload.headers.flatMap((header) => ['-H', header]),
    `http://127.0.0.1:${port}/`,
  ])
  if (/Non-2xx/.test(stdout)) throw new Error(`failed requests:\n${stdout}`)
  const [, requests = '', took = '', unit = ''] = /(\d+) requests in ([\d.]+)(s|m)/.exec(stdout) ?? []
  const faults = /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(stdout) ?? []
  return {
    requests: Number(requests),
    perSecond: Number(requests) / (Number(took) * (unit === 'm' ? 60 : 1)),
    faults: faults.slice(1).reduce((sum, count) => sum + Number(count), 0),
  }
}

interface Cannon {
  readonly errors: number
  readonly non2xx: number
  readonly duration: number
  readonly requests: { readonly total: number }
}

const byAutocannon = async ({ port, seconds, workload, before }: Burst): Promise<Measured> => {
  const program = createRequire(import.meta.url).resolve('autocannon')
  const { stdout } = await spawnTool(before, [
    process.execPath,
    program,
    ...['-j', '-n', '-c', String(connections), '-d', String(seconds), '-p', String(workload.depth ?? 1)],
    ...workload.headers.flatMap((header) => ['-H', header]),
    ...(workload.body === undefined ? [] : ['-m', 'POST', '-b', workload.body]),
    `http://127.0.0.1:${port}/`,
  ])
  const result: Cannon = JSON.parse(stdout)
  if (result.non2xx > 0) throw new Error(`failed requests: ${stdout}`)
  const { total } = result.requests
  return { requests: total, perSecond: total / result.duration, faults: result.errors }
}

/** One burst of load. Throws when an answer is not 2xx; its rejection carries the tool's own words. */
export const burst: (burst: Burst) => Promise<Measured> = tool === 'wrk' ? byWrk : byAutocannon
