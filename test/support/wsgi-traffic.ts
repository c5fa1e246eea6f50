/**
 * Requests of several kinds that go on while a test does something to a server of a Python application, and what may
 * become of them. It judges nothing by itself.
 */
import type { Daemon } from './daemon.ts'
import { eventually } from './eventually.ts'
import { type LoadReport, startLoad, startMixedLoad } from './load.ts'
import { RawClient, requestText } from './raw-client.ts'
import { startWsgi, type WsgiOptions } from './wsgi.ts'

export type Failures = LoadReport['failures']

/** A TCP and a unix address, and a pidfile. */
export const startBoth = (options: WsgiOptions = {}): Promise<Daemon> =>
  startWsgi({
    ...options,
    bind: ['127.0.0.1:PORT', 'unix:server.sock'],
    args: ['-p', 'server.pid', ...(options.args ?? [])],
  })

export const targetsOf = (server: Daemon) => [server.target, { path: server.path('server.sock') }]

/** Quick requests on both addresses, fresh and kept connections, and beside them one slow request after another. */
export const startTraffic = async (server: Daemon) => {
  const slow = await startLoad(server.target, { path: '/slow?0.2', connections: 1 })
  const quick = await startMixedLoad(targetsOf(server), { rate: 40 })
  return {
    /** Resolves when all kinds of requests have been answered a while longer. */
    goesOn: async () => {
      await Promise.all([slow.answered(2), quick.answered(20)])
    },
    stop: async (): Promise<Failures> => {
      const reports = [await slow.stop(), ...(await quick.stop())]
      return reports.flatMap(({ failures }) => failures)
    },
  }
}

/** No request was on it. */
export const neverConnected = ({ kind, detail }: Failures[number]): boolean =>
  kind === 'refused' || kind === 'ENOENT' || /: connect ECONN/.test(detail)

/** Sends a request that the application notes, and resolves when it has it in its hands. */
export const hold = async (server: Daemon, path: string): Promise<RawClient> => {
  const client = await RawClient.connect(server.target)
  const [place = '', query = ''] = path.split('?')
  const name = place === '/gate' ? query : place
  const count = () => server.read('notes.log').split(`seen ${name}`).length
  const before = count()
  client.send(requestText(path))
  await eventually(() => count() > before, { what: () => `${path} to be seen; log:\n${server.log()}` })
  return client
}

/** Gives the application another answer for `/`. */
export const changeCode = (server: Daemon, version: string): void =>
  server.write('rules.py', server.read('rules.py').replace(/"hello \w+"/, `"hello ${version}"`))
