/** Health and metrics of a busy server: the master answers, whatever its workers do, and every request is told. */
import { request } from 'node:http'
import { expect, test } from 'vitest'
import { everyKind } from '../support/apps.ts'
import { type Daemon, start } from '../support/daemon.ts'
import { eventually } from '../support/eventually.ts'
import { startMixedLoad } from '../support/load.ts'
import { signalEach } from '../support/processes.ts'

const config = { workers: 2, admin_bind: 'unix:admin.sock', admin_token: 'secret' }

const ask = (server: Daemon, path: string) =>
  new Promise<{ status: number; body: string }>((resolve, reject) => {
    const headers = { Authorization: 'Bearer secret' }
    const options = { socketPath: server.path('admin.sock'), path, headers, agent: false }
    const asked = request(options, (response) => {
      let body = ''
      response.setEncoding('utf8').on('data', (text: string) => {
        body += text
      })
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }))
    })
    asked.on('error', reject).end()
  })

const requestsIn = (metrics: string): number => {
  const [, total] = /^tsgunicorn_requests_total (\d+)$/m.exec(metrics) ?? []
  if (total === undefined) throw new Error(`no total of requests in:\n${metrics}`)
  return Number(total)
}

test('a server whose workers all hang says that it lives, and what it counted', async () => {
  const server = await start({ config })
  await server.hold('/hang')
  await server.hold('/hang')
  expect(await ask(server, '/livez')).toMatchObject({ status: 200 })
  expect((await ask(server, '/metrics')).body).toMatch(/^tsgunicorn_workers\{.*state="ready".*\} 2$/m)
  server.signal('SIGQUIT')
  await server.assertClean({ allows: [/./] })
})

/** A thousand where the most processes take part, fewer where fewer do. */
const half = (kind: string): number => (kind === 'WSGI' ? 500 : 50)

test.each(everyKind)(
  '%s app: scrapes under load lose nothing, and across a reload and a kill they tell every request',
  async (kind, app) => {
    const server = await start({ app: app(), config })
    const scrape = async () => requestsIn((await ask(server, '/metrics')).body)
    const before = await eventually(scrape)
    const load = await startMixedLoad([server.target], { rate: 200 })
    let last = before
    const scrapes = async (count: number) => {
      for (let done = 0; done < count; done += 1) {
        const now = await scrape()
        expect(now).toBeGreaterThanOrEqual(last)
        last = now
      }
    }
    await scrapes(half(kind))
    await server.reload(2)
    await scrapes(half(kind))
    const reports = await load.stop()
    for (const { failures } of reports) expect(failures).toEqual([])
    const answered = reports.reduce((sum, report) => sum + report.answered, 0)
    await eventually(async () => (await scrape()) === before + answered, {
      what: () => `${before} + ${answered} requests; the last scrape said ${last}`,
    })
    const doomed = server.workerPids()
    signalEach(doomed, 'SIGKILL')
    await server.hasWorkers(2, { not: doomed })
    expect(await scrape()).toBe(before + answered)
    await server.assertClean({ allows: [/was sent SIGKILL/] })
  },
)
