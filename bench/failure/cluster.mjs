/**
 * A rolling restart with node:cluster as users write it by hand: HUP forks a successor for each worker, waits until it
 * listens, and only then asks the old one to stop accepting and to leave when its requests are answered.
 */
import cluster from 'node:cluster'
import { createServer } from 'node:http'
import handler from './handler.mjs'

const leaving = new Set()

const fork = () =>
  new Promise((resolve) => {
    cluster.fork().once('listening', resolve)
  })

const roll = async () => {
  for (const old of Object.values(cluster.workers)) {
    await fork()
    leaving.add(old.id)
    old.send('leave')
    setTimeout(() => old.kill('SIGKILL'), 30_000).unref()
  }
}

if (cluster.isPrimary) {
  cluster.on('exit', ({ id }) => leaving.delete(id) || fork())
  process.on('SIGHUP', roll)
  process.on('SIGTERM', () => process.exit())
  await Promise.all(Array.from({ length: Number(process.env.WORKERS) }, fork))
} else {
  const server = createServer(handler).listen(Number(process.env.PORT), '127.0.0.1')
  process.on('SIGHUP', () => undefined)
  process.on('message', (word) => word === 'leave' && server.close(() => process.exit()))
}
