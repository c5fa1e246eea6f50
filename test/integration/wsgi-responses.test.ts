/** PEP 3333 over sockets: what goes out, what may not, and who is told when it fails. */
import { describe, expect, test } from 'vitest'
import type { Daemon } from '../support/daemon.ts'
import { eventually } from '../support/eventually.ts'
import { ask, Exchange } from '../support/http-client.ts'
import { RawClient, requestText } from '../support/raw-client.ts'
import {
  failureOf,
  fileText,
  modes,
  noPython,
  noted,
  notes,
  pythonLabel,
  startWsgi,
} from '../support/wsgi.ts'

/** How often the body called NAME was closed, once it was at all and a further request has been answered. */
const closings = async (server: Daemon, name: string): Promise<number> => {
  const count = () => notes(server).filter((line) => line === `closed ${name}`).length
  await eventually(() => count() > 0, { what: () => `closed ${name} in ${server.read('notes.log')}` })
  await server.get()
  return count()
}

/** How often the log says that handling this path failed. */
const entries = (server: Daemon, path: string): number =>
  server.log().match(new RegExp(`Error handling request .*${path}\\b`, 'g'))?.length ?? 0

/** The head as it was sent. */
const headOf = async (server: Daemon, path: string): Promise<string> => {
  const client = await RawClient.connect(server.target)
  client.send(requestText(path))
  await client.ended()
  const text = client.pending.toString('latin1')
  return text.slice(0, text.indexOf('\r\n\r\n'))
}

describe.skipIf(noPython !== undefined).each(modes)(`%s (${pythonLabel})`, (_mode, args) => {
  test('a stream is sent piece by piece, and closed once', async () => {
    const server = await startWsgi({ args })
    const exchange = new Exchange(server.target, '/stream?gate')
    exchange.request.end()
    expect(await exchange.has('first\n')).toBe('first\n')
    server.write('gate', '')
    const { text, headers } = await exchange.reply()
    expect(text).toBe('first\nsecond\n')
    expect(headers['transfer-encoding']).toBe('chunked')
    expect(await closings(server, 'stream')).toBe(1)
    await server.assertClean()
  })

  test('results of every allowed kind go out whole; others are errors', async () => {
    const server = await startWsgi({ args })
    const bodyOf = async (path: string) => (await server.request(path)).body
    expect(await bodyOf('/body/empty')).toBe('')
    expect(await bodyOf('/body/tuple')).toBe('ab')
    expect(await bodyOf('/body/blanks')).toBe('after blanks')
    expect((await bodyOf('/body/large')).length).toBe(3_000_000)
    const single = await server.request('/body/list')
    expect([single.body, single.headers['content-length']]).toEqual(['one piece', '9'])
    for (const path of ['/body/none', '/body/text', '/body/number']) {
      expect((await server.request(path)).status, path).toBe(500)
      expect(entries(server, path), path).toBe(1)
    }
    expect(['truncated', 'answered']).toContain(await failureOf(server.request('/body/mixed')))
    expect(entries(server, '/body/mixed')).toBe(1)
    await server.assertClean({ allows: [/Error handling request/] })
  })

  test('Content-Length is kept: longer bodies are cut, shorter ones end the connection', async () => {
    const server = await startWsgi({ args })
    expect((await server.request('/length/exact')).body).toBe('abcdef')
    expect((await server.request('/length/none')).body).toBe('')
    const long = await server.request('/length/long')
    expect([long.status, long.body, long.headers['content-length']]).toEqual([200, 'abcd', '4'])
    expect(await failureOf(server.request('/length/short'))).toBe('truncated')
    for (const name of ['exact', 'long', 'short']) expect(await closings(server, name), name).toBe(1)
    for (const path of ['/length/wrong', '/length/negative'])
      expect((await server.request(path)).status, path).toBe(500)
    // A connection goes on behind a body that was cut.
    const client = await RawClient.connect(server.target)
    client.send(requestText('/length/long', { headers: { Connection: 'keep-alive' } }))
    expect((await client.answer()).body).toBe('abcd')
    client.send(requestText('/length/exact'))
    expect((await client.answer()).body).toBe('abcdef')
    client.close()
    await server.assertClean({ allows: [/Content-Length|length\//i] })
  })

  test('HEAD, 204 and 304 have no body, and their iterables are closed', async () => {
    const server = await startWsgi({ args })
    const head = await ask(server.target, '/status?200', { method: 'HEAD' })
    expect([head.status, head.text, head.headers['content-length']]).toEqual([200, '', '8'])
    expect(await closings(server, 'status 200 HEAD')).toBe(1)
    expect(await headOf(server, '/status?204')).not.toMatch(/content-length|transfer-encoding/i)
    expect(await closings(server, 'status 204 GET')).toBe(1)
    expect(await headOf(server, '/status?304')).toMatch(/^HTTP\/1\.1 304 Chosen/)
    expect(await closings(server, 'status 304 GET')).toBe(1)
    const client = await RawClient.connect(server.target)
    for (const status of [204, 304, 200]) {
      client.send(requestText(`/status?${status}`, { headers: { Connection: 'keep-alive' } }))
      expect(await client.answer()).toMatchObject({ status, body: status === 200 ? 'the body' : '' })
    }
    client.close()
    await server.assertClean({ allows: [/body|HEAD|204|304/] })
  })

  test('fields that would lie, split the answer, or belong to the connection are refused', async () => {
    const server = await startWsgi({ args })
    const bad = [
      'hop',
      'te',
      'value',
      'lf',
      'nul',
      'name',
      'space',
      'empty',
      'status',
      'number',
      'bytes',
      'wide',
    ]
    for (const name of [...bad, 'words']) {
      const answer = await server.request(`/field/${name}`)
      expect([name, answer.status, answer.headers['x-injected']]).toEqual([name, 500, undefined])
      expect(entries(server, `/field/${name}`), name).toBe(1)
    }
    expect(await headOf(server, '/field/latin1')).toMatch(
      /^HTTP\/1\.1 200 Tr\xe8s bien\r\n[\s\S]*X-Latin: caf\xe9/i,
    )
    expect(await headOf(server, '/field/twice')).toMatch(
      /Set-Cookie: a=1\r\n[\s\S]*Set-Cookie: b=2\r\n[\s\S]*X-Empty:/i,
    )
    await server.assertClean({ allows: [/Error handling request/] })
  })

  test('an error before the head is a 500 with its traceback logged once; one behind it cuts the answer', async () => {
    const server = await startWsgi({ args })
    for (const [path, words] of [
      ['/raise/before', 'thrown before start_response'],
      ['/raise/first', 'thrown by first'],
    ] as const) {
      const { status, body } = await server.request(path)
      expect([path, status]).toEqual([path, 500])
      expect(body).not.toContain(words)
      await server.logged(new RegExp(`Error handling request .*${path}`))
      await server.logged(new RegExp(`Traceback[\\s\\S]*\\.py", line \\d+[\\s\\S]*RuntimeError: ${words}`))
      expect(entries(server, path), path).toBe(1)
    }
    expect(await failureOf(server.request('/raise/half'))).toBe('truncated')
    await server.logged(/RuntimeError: thrown by half/)
    expect(entries(server, '/raise/half')).toBe(1)
    expect((await server.request('/raise/unstarted')).status).toBe(500)
    for (const name of ['first', 'half', 'unstarted']) expect(await closings(server, name), name).toBe(1)
    expect((await server.request('/raise/close')).body).toBe('hello')
    await server.logged(/RuntimeError: thrown by close/)
    await server.assertClean({ allows: [/Error handling request|raise\/close/] })
  })

  test('wsgi.file_wrapper sends files from where they stand, and whatever else can be read', async () => {
    const server = await startWsgi({ args })
    const bodyOf = async (path: string) => (await server.request(path)).body
    expect(await bodyOf('/file/whole')).toBe(fileText)
    expect(await bodyOf('/file/offset')).toBe(fileText.slice(100_000))
    expect(await bodyOf('/file/buffered')).toBe(fileText.slice('line 0\n'.length))
    expect(await bodyOf('/file/length')).toBe(fileText.slice(0, 1000))
    expect(await bodyOf('/file/pipe')).toBe('through a pipe')
    expect(await bodyOf('/file/bytes')).toBe('in memory '.repeat(1000))
    expect(await closings(server, 'bytes file')).toBe(1)
    expect(await bodyOf('/file/empty')).toBe('')
    expect((await ask(server.target, '/file/whole', { method: 'HEAD' })).text).toBe('')
    // No descriptor is forgotten.
    const facts = async () => JSON.parse(await server.get('/process'))
    const { pid } = await facts()
    const before = server.descriptors(pid)
    for (let n = 0; n < 20; n++) expect((await bodyOf('/file/offset')).length).toBe(fileText.length - 100_000)
    await eventually(() => server.descriptors(pid) <= before + 1)
    await server.assertClean()
  })

  test('early hints come before the answer', async () => {
    const server = await startWsgi({ args })
    const { status, text, interim } = await ask(server.target, '/hints')
    expect([status, text]).toEqual([200, 'hinted'])
    expect(interim.map(({ status, headers }) => [status, headers['link']])).toEqual([
      [103, '</style.css>; rel=preload'],
      [103, '</code.js>; rel=preload'],
    ])
    await server.assertClean()
  })

  test.each([
    ['/gone/iterating', 'seen gone-iterating', /closed gone-iterating/],
    ['/gone/writing', 'seen gone-writing', /write: .*\bOSError\b/],
  ])('%s: a client that leaves is an error on writing, and not one in the log', async (path, seen, end) => {
    const server = await startWsgi({ args })
    const client = await RawClient.connect(server.target)
    client.send(requestText(path))
    await noted(server, new RegExp(seen))
    await eventually(() => client.pending.length > 200_000)
    client.close()
    await noted(server, end)
    expect(await server.get()).toBe('hello 1')
    await server.assertClean()
  })

  test('what the application says reaches the error log', async () => {
    const server = await startWsgi({ args: [...args, '--error-logfile', 'error.log'] })
    expect(await server.get('/errors')).toBe('said')
    for (const words of ['said to wsgi.errors', 'two pieces', 'printed to stdout', 'printed to stderr'])
      await eventually(() => server.read('error.log').includes(words), {
        what: `'${words}' in the error log`,
      })
    await server.logged(/\[WARNING\] logged as gunicorn\.error/)
    await server.assertClean({ allows: [/logged as|said to|two pieces/], keeps: ['error.log'] })
  })
})
