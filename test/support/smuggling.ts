/**
 * Requests that two readers may understand differently, as data. Each carries `/smuggled?N` where a naive reader
 * would take it for a request of its own. It sends nothing.
 */

export interface Attempt {
  readonly name: string
  readonly bytes: Buffer
  /**
   * What a strict server does when it is asked directly. `refused`: answers 4xx or 5xx and closes. `cut`: as `refused`,
   * or closes without an answer, as the application may have begun. `served`: it is in order, and one request.
   */
  readonly verdict: 'refused' | 'cut' | 'served'
}

type Make = (n: number) => { readonly bytes: string; readonly verdict: Attempt['verdict'] }

const prefix = (n: number): string => `GET /smuggled?${n} HTTP/1.1\r\nHost: x\r\nX-Rest: `
const whole = (n: number): string => `GET /smuggled?${n} HTTP/1.1\r\nHost: x\r\n\r\n`
const post = (n: number, fields: string, body: string): string =>
  `POST /outer?${n} HTTP/1.1\r\nHost: x\r\n${fields}\r\n${body}`

/** Both lengths are said: the chunked body is empty, the counted one holds a request. */
const clTe =
  (te: string): Make =>
  (n) => {
    const body = `0\r\n\r\n${prefix(n)}`
    return { bytes: post(n, `Content-Length: ${body.length}\r\n${te}\r\n`, body), verdict: 'refused' }
  }

/** Only an obfuscated Transfer-Encoding is said: who ignores it takes the body for requests. */
const teOnly =
  (te: string): Make =>
  (n) => ({
    bytes: post(n, `${te}\r\n`, `${whole(n).length.toString(16)}\r\n${whole(n)}\r\n0\r\n\r\n`),
    verdict: 'refused',
  })

const teCl: Make = (n) => {
  const size = whole(n).length.toString(16)
  const fields = `Content-Length: ${size.length + 2}\r\nTransfer-Encoding: chunked\r\n`
  return { bytes: post(n, fields, `${size}\r\n${whole(n)}\r\n0\r\n\r\n`), verdict: 'refused' }
}

const length =
  (fields: (size: number) => string): Make =>
  (n) => ({ bytes: post(n, `${fields(whole(n).length)}\r\n`, whole(n)), verdict: 'refused' })

const chunks =
  (body: (smuggled: string) => string): Make =>
  (n) => ({ bytes: post(n, 'Transfer-Encoding: chunked\r\n', body(whole(n))), verdict: 'cut' })

const head =
  (text: (n: number) => string, verdict: Attempt['verdict'] = 'refused'): Make =>
  (n) => ({ bytes: text(n), verdict })

const transferEncodings: Readonly<Record<string, string>> = {
  'an unknown coding': 'Transfer-Encoding: xchunked',
  'a space before the colon': 'Transfer-Encoding : chunked',
  'a vertical tab before the value': 'Transfer-Encoding: \x0bchunked',
  'a NUL after the value': 'Transfer-Encoding: chunked\x00',
  'a no-break space before the value': 'Transfer-Encoding: \xa0chunked',
  'a quoted value': 'Transfer-Encoding: "chunked"',
  'chunked not last': 'Transfer-Encoding: chunked, identity',
  'chunked twice': 'Transfer-Encoding: chunked, chunked',
  'chunked twice in two fields': 'Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked',
  'a second field with another coding': 'Transfer-Encoding: chunked\r\nTransfer-Encoding: x',
  'an earlier field with another coding': 'Transfer-Encoding: x\r\nTransfer-Encoding: chunked',
  'a parameter': 'Transfer-Encoding: chunked;q=1',
  'a folded value': 'Transfer-Encoding:\r\n chunked',
  'a folded name': 'Transfer-Encoding\r\n : chunked',
  'a field folded onto another': 'X-A: b\r\n Transfer-Encoding: chunked',
  'a bare LF before it': 'X-A: b\nTransfer-Encoding: chunked',
  'a bare CR before it': 'X-A: b\rTransfer-Encoding: chunked',
  'a NUL in the name': 'Transfer\x00-Encoding: chunked',
  'an empty value': 'Transfer-Encoding: ',
  'no value but a comma': 'Transfer-Encoding: ,',
}

const lengths: Readonly<Record<string, (size: number) => string>> = {
  'two different lengths': (size) => `Content-Length: 0\r\nContent-Length: ${size}`,
  'two different lengths, the larger first': (size) => `Content-Length: ${size}\r\nContent-Length: 0`,
  'a list of lengths': (size) => `Content-Length: 0, ${size}`,
  'a plus sign': () => 'Content-Length: +0',
  'a minus sign': () => 'Content-Length: -1',
  'a hexadecimal length': () => 'Content-Length: 0x0',
  'an exponent': () => 'Content-Length: 0e1',
  'a blank within': () => 'Content-Length: 0 0',
  'a fraction': () => 'Content-Length: 0.0',
  'an underscore': () => 'Content-Length: 0_0',
  'an empty length': () => 'Content-Length: ',
  'a length above 2^64': (size) => `Content-Length: ${2n ** 64n + BigInt(size)}`,
  'a space before the colon of the length': () => 'Content-Length : 0',
  'a folded length': (size) => `Content-Length:\r\n ${size}`,
  'a NUL in the length': () => 'Content-Length: 0\x00',
  'a superscript digit': () => 'Content-Length: \xb2',
}

const bodies: Readonly<Record<string, (smuggled: string) => string>> = {
  'a bare LF in a chunk extension': (s) =>
    `2;\nxx\r\n${(s.length + 5).toString(16)}\r\n0\r\n\r\n${s}\r\n0\r\n\r\n`,
  'a bare LF after the size': (s) => `5\nabcde\r\n0\r\n\r\n${s}`,
  'a bare LF after the data': (s) => `5\r\nabcde\n0\r\n\r\n${s}`,
  'a bare CR after the size': (s) => `5\rXabcde\r\n0\r\n\r\n${s}`,
  'a bare CR in an extension': (s) => `5;a\rb\r\nabcde\r\n0\r\n\r\n${s}`,
  'data longer than its size': (s) => `5\r\nabcdefg\r\n0\r\n\r\n${s}`,
  'two bytes that are no CRLF after the data': (s) => `5\r\nabcdeXX0\r\n\r\n${s}`,
  'a prefix 0x': (s) => `0x5\r\nabcde\r\n0\r\n\r\n${s}`,
  'a signed size': (s) => `+5\r\nabcde\r\n0\r\n\r\n${s}`,
  'a negative size': (s) => `-5\r\nabcde\r\n0\r\n\r\n${s}`,
  'an underscore in the size': (s) => `0_5\r\nabcde\r\n0\r\n\r\n${s}`,
  'a blank before the size': (s) => ` 5\r\nabcde\r\n0\r\n\r\n${s}`,
  'no size': (s) => `\r\n${s}`,
  'a size above 2^64': (s) => `10000000000000005\r\nabcde\r\n0\r\n\r\n${s}`,
  'a NUL in an extension': (s) => `5;a\x00\r\nabcde\r\n0\r\n\r\n${s}`,
  'a bare LF as the last line': (s) => `0\r\n\n${s}`,
  'a trailer that is a length': (s) => `0\r\nContent-Length: ${s.length}\r\n\r\n${s}`,
  'a trailer that is a transfer coding': (s) => `0\r\nTransfer-Encoding: chunked\r\n\r\n${s}`,
  'a trailer with a bare LF': (s) => `0\r\nX-A: b\n\r\n${s}`,
  'a trailer that is no field': (s) => `0\r\n${s}`,
}

const heads: Readonly<Record<string, Make>> = {
  'bare LF line ends': head((n) => `GET /outer?${n} HTTP/1.1\nHost: x\n\n${whole(n)}`),
  'a bare LF ends the head': head((n) => `GET /outer?${n} HTTP/1.1\r\nHost: x\r\n\n${whole(n)}`),
  'a NUL in a value': head((n) => `GET /outer?${n} HTTP/1.1\r\nHost: x\r\nX-A: a\x00b\r\n\r\n${whole(n)}`),
  'a NUL in a name': head((n) => `GET /outer?${n} HTTP/1.1\r\nHost: x\r\nX\x00A: b\r\n\r\n${whole(n)}`),
  'a CR within a value': head((n) => `GET /outer?${n} HTTP/1.1\r\nHost: x\r\nX-A: a\rb\r\n\r\n${whole(n)}`),
  'a line without a colon': head((n) => `GET /outer?${n} HTTP/1.1\r\nHost: x\r\nX-A\r\n\r\n${whole(n)}`),
  'an empty name': head((n) => `GET /outer?${n} HTTP/1.1\r\nHost: x\r\n: a\r\n\r\n${whole(n)}`),
  'a blank before the first field': head(
    (n) => `GET /outer?${n} HTTP/1.1\r\n X-A: b\r\nHost: x\r\n\r\n${whole(n)}`,
  ),
  'two blanks in the request line': head((n) => `GET  /outer?${n} HTTP/1.1\r\nHost: x\r\n\r\n${whole(n)}`),
  'a tab in the request line': head((n) => `GET\t/outer?${n}\tHTTP/1.1\r\nHost: x\r\n\r\n${whole(n)}`),
  'a blank after the version': head((n) => `GET /outer?${n} HTTP/1.1 \r\nHost: x\r\n\r\n${whole(n)}`),
  'HTTP/0.9': head((n) => `GET /outer?${n}\r\n\r\n${whole(n)}`),
  'HTTP/2.0': head((n) => `GET /outer?${n} HTTP/2.0\r\nHost: x\r\n\r\n${whole(n)}`),
  'two versions': head((n) => `GET /outer?${n} HTTP/1.1 HTTP/1.1\r\nHost: x\r\n\r\n${whole(n)}`),
  'no Host': head((n) => `GET /outer?${n} HTTP/1.1\r\n\r\n${whole(n)}`),
  'two Hosts': head((n) => `GET /outer?${n} HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n${whole(n)}`),
  'a bad Host': head((n) => `GET /outer?${n} HTTP/1.1\r\nHost: x y\r\n\r\n${whole(n)}`),
  'a control byte in the target': head((n) => `GET /outer?${n}\x01 HTTP/1.1\r\nHost: x\r\n\r\n${whole(n)}`),
  'a transfer coding in 1.0': head(
    (n) => `POST /outer?${n} HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${whole(n)}`,
  ),
  'a field that is too large': head(
    (n) => `GET /outer?${n} HTTP/1.1\r\nHost: x\r\nX-A: ${'a'.repeat(20_000)}\r\n\r\n${whole(n)}`,
  ),
  'a request line that is too large': head(
    (n) => `GET /outer?${n}${'a'.repeat(20_000)} HTTP/1.1\r\nHost: x\r\n\r\n${whole(n)}`,
  ),
  'an unknown expectation': head(
    (n) => `POST /outer?${n} HTTP/1.1\r\nHost: x\r\nExpect: 200-ok\r\nContent-Length: 0\r\n\r\n${whole(n)}`,
  ),
  'a request as the body of a GET that reads none': head(
    (n) => `GET /unread?${n} HTTP/1.1\r\nHost: x\r\nContent-Length: ${whole(n).length}\r\n\r\n${whole(n)}`,
    'served',
  ),
  'a request as a chunked body that is not read': head(
    (n) =>
      `POST /unread?${n} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n${whole(n).length.toString(16)}\r\n${whole(n)}\r\n0\r\n\r\n`,
    'served',
  ),
  'a request as the body of a DELETE': head(
    (n) => `DELETE /outer?${n} HTTP/1.1\r\nHost: x\r\nContent-Length: ${whole(n).length}\r\n\r\n${whole(n)}`,
    'served',
  ),
  'an underscore for a hyphen': head((n) => {
    const fields = `Content-Length: ${whole(n).length}\r\nTransfer_Encoding: chunked\r\n`
    return post(n, fields, whole(n))
  }, 'served'),
  'an upgrade to h2c': head(
    (n) =>
      `POST /outer?${n} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\nContent-Length: ${whole(n).length}\r\n\r\n${whole(n)}`,
    'served',
  ),
  'an expectation whose body is a request': head(
    (n) =>
      `POST /unread?${n} HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: ${whole(n).length}\r\n\r\n${whole(n)}`,
    'served',
  ),
}

const named = <T>(table: Readonly<Record<string, T>>, before: string, make: (value: T) => Make) =>
  Object.entries(table).map(([name, value]): [string, Make] => [`${before}${name}`, make(value)])

const makes: ReadonlyArray<readonly [string, Make]> = [
  ['CL.TE: both lengths', clTe('Transfer-Encoding: chunked')],
  ['TE.CL: both lengths', teCl],
  ['both lengths, other letters', clTe('tRANSFER-eNCODING:\tchunKED')],
  ...named(transferEncodings, 'with a length, transfer coding: ', clTe),
  ...named(transferEncodings, 'transfer coding alone: ', teOnly),
  ...named(lengths, 'length: ', length),
  ...named(bodies, 'chunks: ', chunks),
  ...named(heads, 'head: ', (make) => make),
]

/** All of them; the N in their targets is their index. */
export const attempts: readonly Attempt[] = makes.map(([name, make], n) => {
  const { bytes, verdict } = make(n)
  return { name, bytes: Buffer.from(bytes, 'latin1'), verdict }
})

/**
 * An application that tells on stdout each request it sees: `SEEN METHOD TARGET`, and `BODY TARGET SIZE` when its
 * body came whole. It answers with both; `/unread` reads no body, `/large?N` answers N bytes, `/about` tells what
 * proxies said.
 */
export const witnesses = {
  node: `export default (req, res) => {
  console.log('SEEN ' + req.method + ' ' + req.url)
  if (req.url.startsWith('/unread')) return res.end('unread')
  if (req.url.startsWith('/large?')) return res.end('x'.repeat(Number(req.url.slice(7))))
  if (req.url === '/about')
    return res.end(JSON.stringify({ for: req.headers['x-forwarded-for'], proto: req.headers['x-forwarded-proto'] }))
  let size = 0
  req.on('data', (chunk) => { size += chunk.length })
  req.on('end', () => {
    console.log('BODY ' + req.url + ' ' + size)
    res.end('hello ' + req.method + ' ' + req.url + ' ' + size)
  })
}
`,
  fetch: `export default {
  async fetch(request) {
    const { pathname, search, protocol } = new URL(request.url)
    const target = pathname + search
    console.log('SEEN ' + request.method + ' ' + target)
    if (target.startsWith('/unread')) return new Response('unread')
    if (target.startsWith('/large?')) return new Response('x'.repeat(Number(target.slice(7))))
    if (target === '/about') {
      const { headers } = request
      return Response.json({ for: headers.get('x-forwarded-for'), proto: headers.get('x-forwarded-proto'), protocol })
    }
    let size = 0
    for await (const chunk of request.body ?? []) size += chunk.length
    console.log('BODY ' + target + ' ' + size)
    return new Response('hello ' + request.method + ' ' + target + ' ' + size)
  },
}
`,
} as const

export type AppKind = keyof typeof witnesses
export const appKinds = ['node', 'fetch'] as const satisfies readonly AppKind[]
