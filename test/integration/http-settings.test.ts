import { expect, test } from 'vitest'
import { start } from '../support/daemon.ts'
import { RawClient, request } from '../support/raw-client.ts'

/** What one connection with these bytes is answered. */
const ask = async (target: Parameters<typeof RawClient.connect>[0], bytes: string) => {
  const client = await RawClient.connect(target)
  try {
    client.send(bytes)
    return await client.answer()
  } finally {
    client.close()
  }
}

const app = `export default async (request, response) => {
  let size = 0
  for await (const chunk of request) size += chunk.length
  response.end(String(size))
}\n`

test('bounds and rules of HTTP are taken from flags and file, and every refusal is one line of the log', async () => {
  const server = await start({
    app,
    config: { limit_request_body: '1K', header_timeout: 0.4, server_header: 'box' },
    args: ['--no-require-host', '--no-date-header', '--body-timeout', '0.4', '--limit-request-head', '400'],
  })
  const { target } = server
  const served = await request(target, '/', { body: 'x'.repeat(1024) })
  expect([served.status, served.body.toString()]).toEqual([200, '1024'])
  expect(served.headers).toMatchObject({ server: 'box' })
  expect(served.headers).not.toHaveProperty('date')
  expect((await ask(target, 'GET / HTTP/1.1\r\nConnection: close\r\n\r\n')).status).toBe(200)

  const refused = [
    [413, 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1025\r\n\r\n'],
    [431, `GET / HTTP/1.1\r\nHost: a\r\nA: ${'b'.repeat(400)}\r\n\r\n`],
    [408, 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nx'],
    [408, 'GET / HTTP/1.1\r\nHo'],
  ] as const
  for (const [status, bytes] of refused) expect((await ask(target, bytes)).status).toBe(status)
  const lines = server.log().match(/Invalid request from ip=127\.0\.0\.1: .*/g)
  expect(lines).toHaveLength(refused.length)
  expect(lines?.join('\n')).toMatch(
    /limit_request_body.*\n.*limit_request_head.*\n.*body_timeout.*\n.*header_timeout/,
  )
  await server.assertClean({ allows: [/Invalid request/] })
})

test('a server header that could not be sent is refused at the start', async () => {
  const server = await start({ until: 'spawned', args: ['--server-header', 'a\nb'] })
  expect(await server.exited()).toMatchObject({ code: 1 })
  expect(server.log()).toMatch(/server_header|server-header/)
})
