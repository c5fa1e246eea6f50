/**
 * How long /livez and /metrics take while all workers are busy: wrk keeps 64 connections of two workers full, and each is
 * asked a thousand times. `npm run bench:health [times]`. Run it on a quiet machine: two workers, wrk and the master
 * share its processors.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { request } from 'node:http'
import { freePort } from '../test/support/machine.ts'
import { startContestant } from './measure.ts'
import { median } from './statistics.ts'

const times = Number(process.argv[2] ?? 1000)
const token = 'bench'
const admin = await freePort()

const ask = (path: string): Promise<number> =>
  new Promise((resolve, reject) => {
    const began = performance.now()
    const headers = { Authorization: `Bearer ${token}` }
    request({ host: '127.0.0.1', port: admin, path, headers, agent: false }, (response) => {
      response.resume().once('end', () => {
        if (response.statusCode === 200) resolve(performance.now() - began)
        else reject(new Error(`${path}: ${response.statusCode}`))
      })
    })
      .once('error', reject)
      .end()
  })

const more = ['--admin-bind', `127.0.0.1:${admin}`, '--admin-token', token]
const server = await startContestant('fetch', { workers: 2, more })
const load = spawn('wrk', ['-t1', '-c64', '-d600s', `http://127.0.0.1:${server.port}/`], { stdio: 'ignore' })
try {
  await ask('/metrics')
  for (const path of ['/livez', '/metrics']) {
    const taken: number[] = []
    for (let done = 0; done < times; done += 1) taken.push(await ask(path))
    const sorted = taken.toSorted((a, b) => a - b)
    const [p99 = 0, longest = 0] = [sorted[Math.floor(times * 0.99)], sorted.at(-1)]
    const words = [median(taken), p99, longest].map((each) => each.toFixed(1))
    console.log(
      `${path} ${times} times under full load: median ${words[0]}, p99 ${words[1]}, longest ${words[2]} ms`,
    )
  }
} finally {
  load.kill('SIGTERM')
  await once(load, 'exit')
  await server.stop()
}
