/** Loopback ports, temporary folders and the repository's paths. */
import { createSocket } from 'node:dgram'
import { chmodSync, mkdtempSync, realpathSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const repository = fileURLToPath(new URL('../..', import.meta.url))

export const builtProgram = join(repository, 'dist/cli/tsgunicorn.js')

/**
 * A port of 127.0.0.1 on which nobody listens now, and which no other test is given while this process lives. It lies
 * below the ephemeral range (ip(7)): a client's own port must not collide with it, nor a connection attempt to a
 * closed port meet itself.
 */
export const freePort = async (): Promise<number> => {
  for (let attempt = 0; attempt < 100; attempt++) {
    const port = 10_000 + Math.floor(Math.random() * 20_000)
    if ((await isFree(port)) && (await isReserved(port))) return port
  }
  throw new Error('no free port between 10000 and 30000 in 100 attempts')
}

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })

/**
 * Tests of several files, and several runs, share a machine: the port's UDP namesake, which nothing else uses, says
 * that the port is given away. The kernel takes it back when the process ends, however it ends.
 */
const isReserved = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const sign = createSocket('udp4')
    sign.once('error', () => resolve(false))
    sign.bind({ port, address: '127.0.0.1', exclusive: true }, () => resolve(sign.unref() === sign))
  })

/** A new folder that other users may enter: some tests drop privileges. */
export const temporaryFolder = (): string => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'tsg-test-')))
  chmodSync(folder, 0o755)
  return folder
}
