import { expect, test } from 'vitest'
import { everyKind, slowBootApp } from '../support/apps.ts'
import { start } from '../support/daemon.ts'
import { eventually } from '../support/eventually.ts'
import { RawClient, requestText } from '../support/raw-client.ts'

test('a server says what it does, serves, and ends with 0 on TERM', async () => {
  const server = await start({ workers: 2, args: ['-p', 'server.pid'] })
  const workers = await server.hasWorkers(2)
  expect(await server.get()).toBe('hello 1')
  await server.logged(/\[INFO\] Starting tsgunicorn \d+\.\d+/)
  await server.logged(new RegExp(`Listening at: http://127\\.0\\.0\\.1:${server.port} \\(${server.pid}\\)`))
  for (const pid of workers)
    await server.logged(new RegExp(`\\[${pid}\\] \\[INFO\\] Booting worker with pid: ${pid}`))
  server.signal('SIGTERM')
  expect(await server.exited()).toEqual({ code: 0, signal: null })
  for (const pid of workers) await server.logged(new RegExp(`Worker exiting \\(pid: ${pid}\\)`))
  await server.logged(/Handling signal: term/)
  await server.logged(/Shutting down: Master/)
  await server.assertClean()
})

test('log lines have the form of Gunicorn', async () => {
  const server = await start({})
  await server.assertClean()
  const form = /^\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [+-]\d{4}\] \[\d+\] \[(DEBUG|INFO)\] \S/
  for (const line of server.log().trim().split('\n')) expect(line).toMatch(form)
})

test.each(everyKind)(
  '%s app: on TERM the requests in hand are finished and the workers then leave',
  async (_kind, appOf) => {
    const server = await start({ app: appOf(), workers: 2 })
    const client = await server.hold('/slow?700')
    server.signal('SIGTERM')
    await server.logged(/Handling signal: term/)
    const answer = await client.answer()
    expect(answer.body).toContain('hello late')
    expect(answer.closes).toBe(true)
    expect(await server.exited()).toEqual({ code: 0, signal: null })
    await server.assertClean()
  },
)

test.each(['SIGINT', 'SIGQUIT'] as const)('%s does not wait for requests', async (signal) => {
  const server = await start({ workers: 2 })
  const client = await server.hold('/hold')
  server.signal(signal)
  expect(await server.exited({ within: 3000 })).toEqual({ code: 0, signal: null })
  await client.ended()
  await server.assertClean()
})

test('INT during a graceful stop makes it a quick one', async () => {
  const server = await start({ workers: 2 })
  await server.hold('/hold')
  server.signal('SIGTERM')
  await server.logged(/Handling signal: term/)
  server.signal('SIGINT')
  expect(await server.exited({ within: 4000 })).toEqual({ code: 0, signal: null })
  await server.assertClean({ allows: [/quick/i] })
})

test.each(everyKind)(
  '%s app: a request that outlasts graceful_timeout is cut, the exit code stays 0',
  async (_kind, appOf) => {
    const server = await start({ app: appOf(), workers: 2, args: ['--graceful-timeout', '1'] })
    const client = await server.hold('/hold')
    server.signal('SIGTERM')
    expect(await server.exited({ within: 5000 })).toEqual({ code: 0, signal: null })
    await client.ended()
    await server.assertClean({ allows: [/graceful_timeout|graceful timeout|SIGKILL|SIGQUIT/i] })
  },
)

test('during lame_duck the server still accepts, then it drains', async () => {
  const server = await start({ workers: 2, config: { lame_duck: 1 } })
  server.signal('SIGTERM')
  await server.logged(/Handling signal: term/)
  expect(await server.get()).toBe('hello 1')
  expect(await server.exited()).toEqual({ code: 0, signal: null })
  await server.assertClean()
})

test('TERM before any worker is ready ends the start with 0', async () => {
  const server = await start({ workers: 2, app: slowBootApp('slow', 60_000), until: 'spawned' })
  await server.logged(/Booting worker with pid/)
  server.signal('SIGTERM')
  expect(await server.exited({ within: 5000 })).toEqual({ code: 0, signal: null })
  await server.assertClean({ allows: [/SIGTERM/] })
})

test.each(everyKind)(
  '%s app: an idle keep-alive connection does not hold up the stop',
  async (_kind, appOf) => {
    const server = await start({ app: appOf(), config: { keepalive: 30, graceful_timeout: 4 } })
    const client = await RawClient.connect(server.target)
    client.send(requestText('/', { headers: { Connection: 'keep-alive' } }))
    await client.answer()
    server.signal('SIGTERM')
    expect(await server.exited({ within: 6000 })).toEqual({ code: 0, signal: null })
    expect(await client.ended()).toBe('fin')
    await server.assertClean()
  },
)

test.each(everyKind)(
  '%s app: a request that arrives on an idle connection after TERM is answered, and told to close',
  async (_kind, appOf) => {
    const server = await start({ app: appOf(), config: { keepalive: 30, graceful_timeout: 10 } })
    const client = await RawClient.connect(server.target)
    const again = requestText('/', { headers: { Connection: 'keep-alive' } })
    client.send(again)
    expect((await client.answer()).closes).toBe(false)
    server.signal('SIGTERM')
    await server.logged(/(Worker|Front) exiting/)
    client.send(again)
    expect(await client.answer()).toMatchObject({ status: 200, body: 'hello 1', closes: true })
    expect(await client.ended()).toBe('fin')
    expect(await server.exited({ within: 5000 })).toEqual({ code: 0, signal: null })
    await server.assertClean()
  },
)

test.each(everyKind)(
  '%s app: pipelined requests are all answered, also across TERM',
  async (_kind, appOf) => {
    const server = await start({ app: appOf() })
    const client = await RawClient.connect(server.target)
    const keep = { headers: { Connection: 'keep-alive' } }
    client.send(requestText('/slow?500', keep) + requestText('/', keep))
    await eventually(() => (server.stdout() + server.log()).includes('seen /slow'))
    server.signal('SIGTERM')
    expect((await client.answer()).body).toContain('hello late')
    // It was ready before TERM and says keep-alive: the connection has its idle time, and ends in order.
    expect((await client.answer()).body).toBe('hello 1')
    expect(await client.ended()).toBe('fin')
    expect(await server.exited()).toEqual({ code: 0, signal: null })
    await server.assertClean()
  },
)

test.each(everyKind)(
  '%s app: a connection that was accepted but has not sent its request yet is served after TERM',
  async (_kind, appOf) => {
    const server = await start({ app: appOf() })
    const client = await RawClient.connect(server.target)
    client.send('GET / HTTP/1.1\r\nHost: x\r\n')
    // The answer to a later connection shows that the earlier one is accepted, too: one queue, in order.
    expect(await server.get()).toBe('hello 1')
    server.signal('SIGTERM')
    await server.logged(/(Worker|Front) exiting/)
    client.send('\r\n')
    expect(await client.answer()).toMatchObject({ status: 200, closes: true })
    expect(await server.exited()).toEqual({ code: 0, signal: null })
    await server.assertClean()
  },
)

test.each(everyKind)(
  '%s app: a long upload and a long download across TERM are whole',
  async (_kind, appOf) => {
    const server = await start({ app: appOf() })
    const client = await RawClient.connect(server.target)
    const half = 'x'.repeat(3_000_000)
    client.send(`POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: ${half.length * 2}\r\n\r\n${half}`)
    await eventually(() => client.pending.length > 1_000_000)
    server.signal('SIGTERM')
    await server.logged(/(Worker|Front) exiting/)
    client.send(half)
    expect((await client.answer()).body.length).toBe(half.length * 2)
    client.close()
    expect(await server.exited()).toEqual({ code: 0, signal: null })
    await server.assertClean()
  },
)

test.each(everyKind)(
  '%s app: a handler that throws is a 500 for its client and nobody else',
  async (_kind, appOf) => {
    const server = await start({ app: appOf(), workers: 1 })
    const [pid] = await server.hasWorkers(1)
    expect((await server.request('/throw')).status).toBe(500)
    expect(await server.get('/pid')).toBe(String(pid))
    await server.logged(/thrown by the handler/)
    await server.assertClean({ allows: [/thrown by the handler|\/throw/, /^\s+at /] })
  },
)
