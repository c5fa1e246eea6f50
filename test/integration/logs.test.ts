import { existsSync, renameSync } from 'node:fs'
import { expect, test } from 'vitest'
import { start } from '../support/daemon.ts'
import { eventually } from '../support/eventually.ts'
import { startLoad } from '../support/load.ts'
import { RawClient } from '../support/raw-client.ts'

const accessLines = (text: string) => text.split('\n').filter((line) => line !== '')

test('the access log has the default format of Gunicorn', async () => {
  const server = await start({ args: ['--access-logfile', 'access.log'], until: 'spawned' })
  await server.serving()
  await server.request('/echo?a=b', {
    method: 'POST',
    body: 'xyz',
    headers: { 'User-Agent': 'me/1', Referer: 'http://r/' },
  })
  const line = await eventually(() =>
    accessLines(server.read('access.log')).find((text) => text.includes('/echo')),
  )
  expect(line).toMatch(
    /^127\.0\.0\.1 - - \[\d\d\/\w{3}\/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\] "POST \/echo\?a=b HTTP\/1\.1" 200 3 "http:\/\/r\/" "me\/1"$/,
  )
  await server.assertClean({ keeps: ['access.log'] })
})

test('access_log_format takes the atoms, and a client cannot forge a line', async () => {
  const format = '%(m)s|%(U)s|%(q)s|%(s)s|%(B)s|%({x-id}i)s|%({content-type}o)s|%(D)s|%(p)s|%(nonsense)s'
  const server = await start({ config: { accesslog: 'access.log', access_log_format: format } })
  await server.request('/echo?q=1', { headers: { 'X-Id': 'a"b\\c' } })
  const client = await RawClient.connect(server.target)
  client.send('GET /%0d%0aforged HTTP/1.1\r\nHost: x\r\nX-Id: t\u00e9\tb\r\nConnection: close\r\n\r\n')
  await client.answer()
  const lines = await eventually(() => {
    const found = accessLines(server.read('access.log')).filter((line) => /echo|forged/.test(line))
    return found.length >= 2 && found
  })
  expect(lines[0]).toMatch(/^GET\|\/echo\|q=1\|200\|0\|a\\(x22|")b\\(x5[cC]|\\)c\|-\|\d+\|<?\d+>?\|-$/)
  expect(lines).toHaveLength(2)
  expect(lines[1]).not.toMatch(/\t/)
  await server.assertClean({ keeps: ['access.log'] })
})

test('the word json gives one object a line', async () => {
  const server = await start({ config: { accesslog: '-', access_log_format: 'json' } })
  await server.request('/pid?x=1')
  const line = await eventually(() => accessLines(server.stdout()).find((text) => text.includes('/pid')))
  const record: Record<string, unknown> = JSON.parse(line)
  expect(Object.values(record)).toEqual(expect.arrayContaining(['GET', 200]))
  await server.assertClean()
})

test('error_log_format json gives one object a line', async () => {
  const server = await start({ config: { error_log_format: 'json' } })
  await server.assertClean()
  const records = accessLines(server.log()).map((line): Record<string, unknown> => JSON.parse(line))
  expect(records.map(({ msg }) => msg)).toEqual(
    expect.arrayContaining([expect.stringMatching(/^Listening at/)]),
  )
  for (const record of records)
    expect(record).toMatchObject({ level: expect.any(String), pid: expect.any(Number) })
})

test('USR1 after a rotation reopens the logs of master and workers: no line is lost', async () => {
  const server = await start({
    workers: 2,
    args: ['--access-logfile', 'access.log', '--error-logfile', 'error.log'],
  })
  const load = await startLoad(server.target, { rate: 200, path: '/?load' })
  for (const turn of [1, 2, 3]) {
    renameSync(server.path('access.log'), server.path(`access.log.${turn}`))
    renameSync(server.path('error.log'), server.path(`error.log.${turn}`))
    server.signal('SIGUSR1')
    await eventually(
      () => existsSync(server.path('error.log')) && server.read('access.log').includes('?load'),
    )
    await load.answered(40)
  }
  const report = await load.stop()
  expect(report.failures).toEqual([])
  const names = ['access.log', 'access.log.1', 'access.log.2', 'access.log.3']
  const lines = () =>
    names.flatMap((name) => accessLines(server.read(name))).filter((line) => line.includes('?load'))
  await eventually(() => lines().length === report.answered, {
    what: () => `${report.answered} lines, there are ${lines().length}`,
  })
  for (const line of lines()) expect(line).toMatch(/^127\.0\.0\.1 - - \[.*" 200 \d+ ".*"$/)
  server.signal('SIGTERM')
  await server.exited()
  expect(server.read('error.log')).toMatch(/Shutting down: Master/)
  await server.assertClean({
    keeps: [...names, ...['error.log', 'error.log.1', 'error.log.2', 'error.log.3']],
  })
})

test('capture_output puts what the application prints into the error log', async () => {
  const server = await start({ args: ['--capture-output', '--error-logfile', 'error.log'] })
  const client = await RawClient.connect(server.target)
  client.send('GET /slow?1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
  await client.answer()
  await eventually(() => server.read('error.log').includes('seen /slow'))
  expect(server.stdout()).toBe('')
  await server.assertClean({ keeps: ['error.log'] })
})

test('loglevel hides what is below it', async () => {
  const server = await start({ args: ['--log-level', 'error'] })
  await server.assertClean()
  expect(server.log()).toBe('')
})
