/**
 * Reads HTTP/1.1 answers from bytes, strictly enough to notice a truncated one. It owns no socket.
 */

export interface Answer {
  readonly status: number
  readonly reason: string
  /** Lower-case names; of repeated fields the last. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** The server said that it will close the connection after this answer. */
  readonly closes: boolean
}

interface Head {
  readonly status: number
  readonly reason: string
  readonly headers: Record<string, string>
  /** Where the body starts. */
  readonly end: number
}

type Body = { readonly bytes: Buffer; readonly end: number }

/**
 * The first answer in `bytes` and where it ends, or `undefined` when more bytes are needed.
 * `ended`: the server has closed, so that a body without a length is complete.
 */
export const takeAnswer = (
  bytes: Buffer,
  ended: boolean,
): { readonly answer: Answer; readonly end: number } | undefined => {
  const head = readHead(bytes)
  if (head === undefined) return undefined
  if (head.status >= 100 && head.status < 200 && head.status !== 101) return skipInterim(bytes, head, ended)
  const body = readBody(bytes, head, ended)
  if (body === undefined) return undefined
  const { status, reason, headers } = head
  const closes = /\bclose\b/i.test(headers['connection'] ?? '') || isUnframed(head)
  return { answer: { status, reason, headers, body: body.bytes.toString('utf8'), closes }, end: body.end }
}

const skipInterim = (bytes: Buffer, head: Head, ended: boolean): ReturnType<typeof takeAnswer> => {
  const next = takeAnswer(bytes.subarray(head.end), ended)
  return next && { answer: next.answer, end: head.end + next.end }
}

const readHead = (bytes: Buffer): Head | undefined => {
  const end = bytes.indexOf('\r\n\r\n')
  if (end < 0) return undefined
  const [statusLine = '', ...lines] = bytes.toString('latin1', 0, end).split('\r\n')
  const match = /^HTTP\/1\.[01] (\d{3}) ?(.*)$/.exec(statusLine)
  if (match === null) throw new Error(`not an HTTP answer: ${JSON.stringify(statusLine)}`)
  const headers = Object.fromEntries(lines.map(splitField))
  return { status: Number(match[1]), reason: match[2] ?? '', headers, end: end + 4 }
}

const splitField = (line: string): [string, string] => {
  const colon = line.indexOf(':')
  return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]
}

const isBodiless = ({ status }: Head): boolean => status === 101 || status === 204 || status === 304

const isUnframed = (head: Head): boolean =>
  !isBodiless(head) && !('content-length' in head.headers) && !('transfer-encoding' in head.headers)

const readBody = (bytes: Buffer, head: Head, ended: boolean): Body | undefined => {
  if (isBodiless(head)) return { bytes: Buffer.alloc(0), end: head.end }
  if ('transfer-encoding' in head.headers) return readChunks(bytes, head.end)
  if (isUnframed(head)) return ended ? { bytes: bytes.subarray(head.end), end: bytes.length } : undefined
  const end = head.end + Number(head.headers['content-length'])
  return bytes.length < end ? undefined : { bytes: bytes.subarray(head.end, end), end }
}

const readChunks = (bytes: Buffer, from: number): Body | undefined => {
  const chunks: Buffer[] = []
  for (let at = from; ; ) {
    const lineEnd = bytes.indexOf('\r\n', at)
    if (lineEnd < 0) return undefined
    const size = Number.parseInt(bytes.toString('latin1', at, lineEnd), 16)
    const start = lineEnd + 2
    if (bytes.length < start + size + 2) return undefined
    if (size === 0) return { bytes: Buffer.concat(chunks), end: start + 2 }
    chunks.push(bytes.subarray(start, start + size))
    at = start + size + 2
  }
}
