import fc from 'fast-check'
import { expect, test } from 'vitest'
import { commonFormat, compileAccessFormat } from '../../../src/log/access-format.ts'
import { atoms } from '../../../src/log/atoms.ts'
import { exchange } from './helpers.ts'

const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`

const rich = exchange({
  method: 'POST',
  target: '/caf%C3%A9/%2e?a=1&b=2',
  status: 201,
  bodyBytes: 0,
  durationUs: 90_061_234_567,
  requestHeaders: [
    'Host',
    'h',
    'Referer',
    'http://r/',
    'X-A',
    '1',
    'x-a',
    '2',
    'Authorization',
    basic('ann:b:c'),
  ],
  responseHeaders: { 'content-type': 'text/plain' },
})

const one = (format: string, record = rich): string => compileAccessFormat(format)(record).slice(0, -1)

test.each([
  ['%(h)s', '127.0.0.1'],
  ['%(l)s', '-'],
  ['%(u)s', 'ann'],
  ['%(r)s', 'POST /caf%C3%A9/%2e?a=1&b=2 HTTP/1.1'],
  ['%(m)s', 'POST'],
  ['%(U)s', '/caf\\xC3\\xA9/.'],
  ['%(q)s', 'a=1&b=2'],
  ['%(H)s', 'HTTP/1.1'],
  ['%(s)s %(st)s %(s)d', '201 201 201'],
  ['%(B)s %(b)s', '0 0'],
  ['%(f)s %(a)s', 'http://r/ -'],
  ['%(T)s %(M)s %(D)s %(L)s', '90061 90061234 90061234567 90061.234567'],
  ['%(p)s', `<${process.pid}>`],
  ['%({X-A}i)s %({referer}i)s %({none}i)s', '1, 2 http://r/ -'],
  ['%({Content-Type}o)s %({none}o)s', 'text/plain -'],
  ['%({REQUEST_METHOD}e)s %({http_host}e)s %({wsgi.url_scheme}e)s', 'POST h http'],
  ['%({PATH_INFO}e)s %({QUERY_STRING}e)s %({SERVER_PROTOCOL}e)s', '/caf\\xC3\\xA9/. a=1&b=2 HTTP/1.1'],
  ['%({PATH}e)s %({HOME}e)s', '- -'],
  ['%(unknown)s %({x}z)s %(toString)s %({constructor}e)s', '- - - -'],
  ['100%% "%%(s)s"', '100% "%(s)s"'],
])('%s gives %s', (format, line) => {
  expect(one(format)).toBe(line)
})

test('the time is that of the end of the response, in the local zone', () => {
  const zone = process.env['TZ']
  process.env['TZ'] = 'Asia/Kolkata'
  try {
    // 11:23:44 UTC and 2.5 s; another second than any test before, so nothing kept of an other zone is printed.
    expect(one('%(t)s', exchange({ durationUs: 2_500_000 }))).toBe('[21/Nov/2026:16:53:46 +0530]')
  } finally {
    if (zone === undefined) delete process.env['TZ']
    else process.env['TZ'] = zone
  }
})

test('a client that was gone before there was a status gives -', () => {
  expect(one('%(s)s', exchange({ status: 0 }))).toBe('-')
})

test('on a unix socket the address is empty, as in Gunicorn', () => {
  expect(one('%(h)s %(l)s %({REMOTE_ADDR}e)s.', exchange({ remoteAddress: '' }))).toBe(' - .')
})

test.each(['50% off', '%(h)', '%(h)x', '%(h)5s', '%'])('%j is refused', (format) => {
  expect(() => compileAccessFormat(format)).toThrow(/access_log_format: .* is not an atom/)
})

test.each([
  ['Basic !!!', '-'],
  ['Basic', '-'],
  ['Bearer YTpi', '-'],
  [basic('nobody'), '-'],
  [basic('a"\nb:c'), 'a\\x22\\x0Ab'],
])('the user of %j is %s', (authorization, user) => {
  expect(one('%(u)s', exchange({ requestHeaders: ['authorization', authorization] }))).toBe(user)
})

const any = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string(),
  fc.stringMatching(/^["\\\r\n\u0085\u2028%A-F0-9]*$/),
)

const anyExchange = fc
  .record({
    remoteAddress: any,
    method: any,
    target: any,
    httpVersion: any,
    header: any,
    status: fc.integer({ min: 0, max: 599 }),
    durationUs: fc.double({ min: 0, max: 1e15, noNaN: true }),
  })
  .map(({ header, ...rest }) =>
    exchange({
      ...rest,
      requestHeaders: ['user-agent', header, 'referer', header, 'Authorization', basic(`${header}:x`)],
      responseHeader: () => header,
    }),
  )

test('whatever a client sends, a line is one line of printable ASCII and has no quote but its own', () => {
  const everything = Object.keys(atoms)
    .map((name) => `"%(${name})s"`)
    .join(' ')
  const format = `${everything} "%({user-agent}i)s" "%({x}o)s" "%({http_referer}e)s" "%({path_info}e)s"`
  const line = compileAccessFormat(format)
  const quotes = format.split('"').length
  fc.assert(
    fc.property(anyExchange, (record) => {
      const text = line(record)
      expect(text).toMatch(/^[\x20-\x7e]*\n$/)
      expect(text.split('"')).toHaveLength(quotes)
      expect(text.replace(/\\x[0-9A-F]{2}/g, '')).not.toContain('\\')
    }),
  )
})

test("Gunicorn's default format is the combined log format", () => {
  expect(one(commonFormat, exchange())).toMatch(
    /^127\.0\.0\.1 - - \[21\/Nov\/2026:\d\d:23:44 [+-]\d{4}\] "GET \/ HTTP\/1\.1" 200 5 "-" "curl\/8"$/,
  )
})
