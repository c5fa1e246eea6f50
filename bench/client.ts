/**
 * How long `tsgunicornc status` takes, against `node -e 0`: alternating, medians of 11. The server's side is a socket
 * that answers at once, so that it is the program's own time. Run it on a quiet machine: `npm run bench:client`.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { builtClient } from '../test/support/client.ts'
import { eventually } from '../test/support/eventually.ts'
import { statusWith } from '../test/support/fake-status.ts'
import { median, spread } from './statistics.ts'

const rounds = Number(process.argv[2] ?? 11)
const folder = mkdtempSync(join(tmpdir(), 'tsg-bench-'))
const socket = join(folder, 'bench.ctl')

/** In a thread: this one waits for programs. */
const server = join(folder, 'server.mjs')
writeFileSync(
  server,
  `import { createServer } from 'node:net'
const answer = ${JSON.stringify(JSON.stringify({ id: 1, ok: true, version: 1, data: statusWith() }))}
createServer((socket) => socket.on('error', () => 0).on('data', () => socket.write(answer + '\\n'))).listen(${JSON.stringify(socket)})`,
)
const thread = new Worker(server)
await eventually(() => existsSync(socket))

const timeOf = (args: readonly string[]): number => {
  const began = performance.now()
  const { status, stderr } = spawnSync(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  if (status !== 0) throw new Error(`${args.join(' ')}: ${status} ${stderr}`)
  return performance.now() - began
}

const bare: number[] = []
const client: number[] = []
for (let round = 0; round < rounds; round++) {
  bare.push(timeOf(['-e', '0']))
  client.push(timeOf([builtClient, '-s', socket, 'status']))
}
await thread.terminate()
rmSync(folder, { recursive: true, force: true })

console.log(`node ${process.version}, ${rounds} rounds, milliseconds: median (least to most)`)
console.log(`node -e 0            ${spread(bare)}`)
console.log(
  `tsgunicornc status   ${spread(client)}   ${(median(client) / median(bare)).toFixed(2)} times node -e 0 (at most 2.5)`,
)
