/** PEP 3333 over sockets: what the application is told, and what it may do with `start_response` and `wsgi.input`. */
import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import type { Daemon } from '../support/daemon.ts'
import { eventually } from '../support/eventually.ts'
import { ask, Exchange } from '../support/http-client.ts'
import { RawClient } from '../support/raw-client.ts'
import { failureOf, json, modes, noPython, noted, notes, pythonLabel, startWsgi } from '../support/wsgi.ts'

interface Told {
  readonly values: Record<string, unknown>
  readonly types: Record<string, string>
  readonly dict: boolean
}

/** The answer to bytes on a connection of their own. */
const raw = async (server: Daemon, bytes: string) => {
  const client = await RawClient.connect(server.target)
  client.send(Buffer.from(bytes, 'latin1'))
  try {
    return await client.answer()
  } finally {
    client.close()
  }
}

const get = (server: Daemon, target: string) =>
  raw(server, `GET ${target} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n`)

const post = (server: Daemon, path: string, body: string) =>
  json(server.request(path, { method: 'POST', body }))

const chunked = async (server: Daemon, path: string, pieces: readonly string[]) => {
  const exchange = new Exchange(server.target, path, {
    method: 'POST',
    headers: { 'Transfer-Encoding': 'chunked' },
  })
  for (const piece of pieces) await exchange.send(piece)
  return JSON.parse((await exchange.reply()).text)
}

describe.skipIf(noPython !== undefined).each(modes)(`%s (${pythonLabel})`, (mode, args) => {
  test('the environ has exactly the keys of the standard, in their types', async () => {
    const server = await startWsgi({ args })
    const { values, types, dict } = await json<Told>(
      raw(
        server,
        'POST /environ/p%20q?a=1&b=%20 HTTP/1.1\r\nHost: shop.example:81\r\nContent-Type: text/x; y=z\r\n' +
          'Content-Length: 3\r\nX-Two-Words: a\r\nX-Dup: one\r\nCookie: a=1\r\nX-Dup: two\r\nCookie: b=2\r\n' +
          'Accept: caf\xe9\r\nX-Empty:\r\nConnection: close\r\n\r\nabc',
      ),
    )
    expect(dict).toBe(true)
    expect(values).toMatchObject({
      REQUEST_METHOD: 'POST',
      SCRIPT_NAME: '',
      PATH_INFO: '/environ/p q',
      QUERY_STRING: 'a=1&b=%20',
      RAW_URI: '/environ/p%20q?a=1&b=%20',
      CONTENT_TYPE: 'text/x; y=z',
      CONTENT_LENGTH: '3',
      SERVER_NAME: '127.0.0.1',
      SERVER_PORT: String(server.port),
      SERVER_PROTOCOL: 'HTTP/1.1',
      REMOTE_ADDR: '127.0.0.1',
      REMOTE_PORT: expect.stringMatching(/^\d+$/),
      SERVER_SOFTWARE: expect.stringMatching(/gunicorn\/\d/),
      HTTP_HOST: 'shop.example:81',
      HTTP_X_TWO_WORDS: 'a',
      HTTP_X_DUP: 'one,two',
      HTTP_COOKIE: expect.stringMatching(/^a=1[;,] ?b=2$/),
      HTTP_ACCEPT: 'caf\xe9',
      HTTP_X_EMPTY: '',
      HTTP_CONNECTION: 'close',
      'wsgi.url_scheme': 'http',
      'wsgi.multithread': mode === 'threads',
      'wsgi.multiprocess': true,
      'wsgi.run_once': false,
      'wsgi.input_terminated': true,
      'wsgi.version': '(1, 0)',
    })
    const others = ['wsgi.input', 'wsgi.errors', 'wsgi.file_wrapper', 'wsgi.early_hints']
    expect(Object.keys(types)).toEqual(expect.arrayContaining(others))
    expect(types['wsgi.version']).toBe('tuple')
    const names = Object.keys(types).filter((key) => !/^(wsgi|gunicorn|tsgunicorn)\./.test(key))
    expect(names.filter((key) => types[key] !== 'str')).toEqual([])
    expect(names.filter((key) => /^HTTP_CONTENT_(TYPE|LENGTH)$/.test(key))).toEqual([])
    await server.assertClean()
  })

  test('a target becomes SCRIPT_NAME, PATH_INFO and QUERY_STRING, bytes as latin-1', async () => {
    const server = await startWsgi({ args })
    const pathOf = async (target: string) => {
      const told = await json<Record<string, string>>(get(server, target))
      return [told['PATH_INFO'], told['QUERY_STRING'], told['RAW_URI']]
    }
    for (const [target, path, query, uri = target] of [
      ['/path', '/path', ''],
      ['/path/a%2Fb%20c?', '/path/a/b c', ''],
      ['/path/%C3%A0?x=%C3%A0', '/path/\xc3\xa0', 'x=%C3%A0'],
      ['/path/%FF%zz%', '/path/\xff%zz%', ''],
      ['/path/\xc3\xa0/%20', '/path/\xc3\xa0/ ', ''],
      ['/path//a/../b/./c', '/path//a/../b/./c', ''],
      ['/path/+;p=1?a?b', '/path/+;p=1', 'a?b'],
      ['http://other.example/path/x?y', '/path/x', 'y'],
    ] as const) {
      expect(await pathOf(target), target).toEqual([path, query, uri])
    }
    await server.assertClean()
  })

  test('SCRIPT_NAME of the environment is taken off the path', async () => {
    const server = await startWsgi({ args, env: { SCRIPT_NAME: '/mount' }, until: 'spawned' })
    await eventually(async () => (await get(server, '/mount/')).body === 'hello 1', { within: 20_000 })
    expect(await json(get(server, '/mount/path/x'))).toMatchObject({
      SCRIPT_NAME: '/mount',
      PATH_INFO: '/path/x',
    })
    expect((await get(server, '/path')).status).toBe(500)
    await server.assertClean({ allows: [/./] })
  })

  test('wsgi.input reads as a file, whatever the length and however it comes', async () => {
    const server = await startWsgi({ args })
    const text = 'one\ntwo\r\n\nlast'
    const lines = ['one\n', 'two\r\n', '\n', 'last']
    expect(await post(server, '/input/read', text)).toEqual([text, String(text.length)])
    expect(await post(server, '/input/read', '')).toEqual(['', '0'])
    expect(await json(server.request('/input/read'))).toEqual(['', null])
    expect(await post(server, '/input/read-n?6', text)).toEqual(['one\ntw', 'o\r\n\nla', 'st'])
    for (const way of ['readline', 'readlines', 'iterate'])
      expect(await post(server, `/input/${way}`, text), way).toEqual(lines)
    expect(await post(server, '/input/mixed', text)).toEqual(['one', '\n', '', 'tw', 'o\r\n', '\nlast'])
    // How many lines a hint of one byte gives is the server's choice; none may be lost.
    const hinted = (await post(server, '/input/hints', text)) as [string, string[], string]
    expect([hinted[0], hinted[1].join('') + hinted[2]]).toEqual(['on', text.slice(2)])
    expect(await post(server, '/input/past-end', text)).toEqual([text, '', '', '', []])
    expect(await chunked(server, '/input/iterate', ['one\ntw', 'o\r', '\n\nlast'])).toEqual(lines)
    expect((await chunked(server, '/input/read', ['ab', 'cd']))[0]).toBe('abcd')
    // Larger than what is collected before a worker has it.
    const large = 'line of text\n'.repeat(50_000)
    const count = { total: large.length, sha1: createHash('sha1').update(large).digest('hex') }
    expect(await post(server, '/input/count', large)).toMatchObject(count)
    expect(
      await chunked(server, '/input/count', [large.slice(0, 300_000), large.slice(300_000)]),
    ).toMatchObject(count)
    expect(await post(server, '/input/readlines', large)).toHaveLength(50_000)
    expect(
      new Set(((await post(server, '/input/read-n?100000', large)) as string[]).map((piece) => piece.length)),
    ).toEqual(new Set([100_000, 50_000]))
    await server.assertClean()
  })

  test('a body that nobody reads disturbs no later request', async () => {
    const server = await startWsgi({ args })
    const client = await RawClient.connect(server.target)
    for (const size of [10, 200_000]) {
      const head = `POST /input/unread HTTP/1.1\r\nHost: h\r\nContent-Length: ${size}\r\n\r\n`
      client.send(`${head}${'z'.repeat(size)}`)
      const { status, body, closes } = await client.answer()
      expect({ status, body }).toEqual({ status: 200, body: 'not read' })
      if (closes) break
      client.send('GET / HTTP/1.1\r\nHost: h\r\n\r\n')
      expect((await client.answer()).body).toBe('hello 1')
    }
    client.close()
    expect(await post(server, '/input/some', 'y'.repeat(300_000))).toEqual(['yyyy'])
    for (let n = 0; n < 8; n++) expect(await server.get()).toBe('hello 1')
    await server.assertClean()
  })

  test('100-continue is sent when the application first reads', async () => {
    const server = await startWsgi({ args })
    const exchange = new Exchange(server.target, '/input/on-demand?gate', {
      method: 'POST',
      headers: { Expect: '100-continue', 'Content-Length': '5' },
    })
    let continued = false
    exchange.request.once('continue', () => {
      continued = true
      exchange.request.end('hello')
    })
    exchange.request.flushHeaders()
    await noted(server, /seen on-demand/)
    // An exchange on another connection is over: a 100 sent too early would have come before.
    expect(await server.get()).toBe('hello 1')
    expect(continued).toBe(false)
    server.write('gate', '')
    expect(await exchange.has(']')).toBe('["hello"]')
    expect(continued).toBe(true)
    await server.assertClean()
  })

  test('start_response obeys the standard in every order of calls', async () => {
    const server = await startWsgi({ args })
    const seen = async (path: string) => {
      const { status, reason, body } = await server.request(path)
      return `${status} ${reason} ${body}`
    }
    expect(await seen('/start/exc-before')).toBe('503 Replaced replaced')
    expect((await server.request('/start/exc-before')).headers['x-which']).toBe('second')
    expect(await seen('/start/twice')).toMatch(/^200 OK refused \w+/)
    expect(await seen('/start/write')).toBe('200 OK abcdef')
    expect(await seen('/start/late')).toBe('202 Later late')
    expect((await server.request('/start/never')).status).toBe(500)
    expect((await server.request('/start/too-late')).status).toBe(500)
    expect(await failureOf(server.request('/start/exc-after'))).toBe('truncated')
    await noted(server, /raised again: late/)
    expect(notes(server)).not.toContain('not raised again')
    expect(await server.get()).toBe('hello 1')
    await server.assertClean({ allows: [/Error handling request/, /start_response|status/] })
  })

  test('what write() was given is on its way when it returns', async () => {
    const server = await startWsgi({ args })
    const exchange = new Exchange(server.target, '/start/write-gate?gate')
    exchange.request.end()
    await exchange.has('first\n')
    server.write('gate', '')
    expect((await exchange.reply()).text).toBe('first\nsecond\n')
    await server.assertClean()
  })

  test('the client that leaves while it sends is an OSError to the application', async () => {
    const server = await startWsgi({ args })
    const client = await RawClient.connect(server.target)
    client.send('POST /input/until-gone HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\n')
    client.send('x'.repeat(200_000))
    await noted(server, /seen until-gone/)
    client.close()
    await noted(server, /read: .*\bOSError\b/)
    expect(await server.get()).toBe('hello 1')
    // The front's word, as of every body that does not arrive whole.
    await server.assertClean({ allows: [/Invalid request from ip=127\.0\.0\.1: the request was cut short/] })
  })

  test("wsgiref's validator finds nothing to complain of", async () => {
    const server = await startWsgi({ args, appArgument: 'pep3333:validated' })
    const body = 'one\ntwo\n'
    for (const path of ['/', '/environ', '/path/%C3%A0?q', '/start/late', '/start/write', '/length/exact'])
      expect((await server.request(path)).status, path).toBeLessThan(300)
    for (const path of [
      '/body/list',
      '/body/tuple',
      '/body/blanks',
      '/body/large',
      '/field/twice',
      '/raise/unstarted',
    ])
      expect((await server.request(path)).status, path).toBe(path.startsWith('/raise') ? 500 : 200)
    for (const path of [
      '/input/read-n?3',
      '/input/readline',
      '/input/readlines',
      '/input/iterate',
      '/input/unread',
    ])
      expect((await server.request(path, { method: 'POST', body })).status, path).toBe(200)
    expect((await ask(server.target, '/', { method: 'HEAD' })).status).toBe(200)
    const complaints = server.log().match(/^ *AssertionError: .*|garbage collected.*/gm) ?? []
    expect(complaints.filter((line) => !/start_response/.test(line))).toEqual([])
    await server.assertClean({ allows: [/Error handling request/] })
  })
})

test.skipIf(noPython !== undefined)('a large upload is read in constant memory', async () => {
  const server = await startWsgi({ args: ['--workers', '1'] })
  const pieces = 300
  const piece = Buffer.alloc(1_000_000, 'abcdefg')
  const exchange = new Exchange(server.target, '/input/count', {
    method: 'POST',
    headers: { 'Content-Length': String(pieces * piece.length) },
  })
  const digest = createHash('sha1')
  for (let n = 0; n < pieces; n++) {
    digest.update(piece)
    await exchange.send(piece)
  }
  const { total, sha1, grown } = JSON.parse((await exchange.reply()).text)
  expect({ total, sha1 }).toEqual({ total: pieces * piece.length, sha1: digest.digest('hex') })
  expect(grown).toBeLessThan(16_000)
  await server.assertClean()
})
