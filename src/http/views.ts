/**
 * Requests and responses as plain values, in the shapes server hooks are given. Built only when a hook is set.
 */
export interface RequestView {
  readonly method: string
  readonly uri: string
  readonly path: string
  readonly query: string
  readonly version: readonly [number, number]
  readonly headers: ReadonlyArray<readonly [string, string]>
  readonly scheme: 'http' | 'https'
  readonly remote_addr: string
  readonly req_number: number
}

export interface ResponseView {
  readonly status: string
  readonly status_code: number
  readonly headers: ReadonlyArray<readonly [string, string]>
  readonly sent: number
}

/** What is known of a request once its head is there. */
export interface RequestFacts {
  readonly method: string
  readonly target: string
  readonly httpVersion: string
  readonly rawHeaders: readonly string[]
  readonly scheme: 'http' | 'https'
  readonly remoteAddress: string
  /** 1 for the first request of a connection. */
  readonly requestNumber: number
}

const pairs = (rawHeaders: readonly string[], name: (text: string) => string): [string, string][] => {
  const list: [string, string][] = []
  for (let index = 0; index < rawHeaders.length; index += 2)
    list.push([name(rawHeaders[index] ?? ''), rawHeaders[index + 1] ?? ''])
  return list
}

const splitTarget = (target: string): readonly [path: string, query: string] => {
  const whole = target.split('#', 1)[0] ?? ''
  const origin = /^[a-z][a-z0-9+.-]*:\/\/[^/?]*/i.exec(whole)?.[0].length ?? 0
  const mark = whole.indexOf('?')
  return mark === -1
    ? [whole.slice(origin), '']
    : [whole.slice(Math.min(origin, mark), mark), whole.slice(mark + 1)]
}

/** A request as `pre_request` and `post_request` see it. */
export const viewRequest = (facts: RequestFacts): RequestView => {
  const [path, query] = splitTarget(facts.target)
  const [major = 1, minor = 1] = facts.httpVersion.split('.').map(Number)
  return {
    method: facts.method,
    uri: facts.target,
    path,
    query,
    version: [major, minor],
    headers: pairs(facts.rawHeaders, (name) => name.toUpperCase()),
    scheme: facts.scheme,
    remote_addr: facts.remoteAddress,
    req_number: facts.requestNumber,
  }
}

/** Percent-encoded bytes as text; what is not encoded properly stays as it is. */
const decodePath = (path: string): string =>
  path.replace(/(?:%[\da-f]{2})+/gi, (run) => Buffer.from(run.replaceAll('%', ''), 'hex').toString('utf8'))

/** CGI's names for a request, as `post_request` is given them. */
export const viewEnviron = (facts: RequestFacts): Record<string, string> => {
  const { path, query } = viewRequest(facts)
  const environ: Record<string, string> = {
    REQUEST_METHOD: facts.method,
    RAW_URI: facts.target,
    PATH_INFO: decodePath(path),
    QUERY_STRING: query,
    SERVER_PROTOCOL: `HTTP/${facts.httpVersion}`,
    REMOTE_ADDR: facts.remoteAddress,
    'wsgi.url_scheme': facts.scheme,
  }
  for (const [name, value] of pairs(facts.rawHeaders, cgiName)) {
    const before = environ[name]
    environ[name] = before === undefined ? value : `${before},${value}`
  }
  return environ
}

const unprefixed = new Set(['CONTENT_TYPE', 'CONTENT_LENGTH'])
const cgiName = (header: string): string => {
  const name = header.toUpperCase().replaceAll('-', '_')
  return unprefixed.has(name) ? name : `HTTP_${name}`
}

/** A response as `post_request` sees it; `head` is the raw head as sent (empty when none was). */
export const viewResponse = (head: string, statusCode: number, sent: number): ResponseView => {
  const [statusLine = '', ...lines] = head.split('\r\n').filter((line) => line !== '')
  return {
    status: statusLine.slice(statusLine.indexOf(' ') + 1),
    status_code: statusCode,
    headers: lines.map((line) => splitField(line)),
    sent,
  }
}

const splitField = (line: string): [string, string] => {
  const colon = line.indexOf(':')
  return [line.slice(0, colon), line.slice(colon + 1).trim()]
}

/** The first value of a header in a raw head, by its lower-case name. */
export const headerOf = (head: string, lowerCaseName: string): string | undefined => {
  const start = head.toLowerCase().indexOf(`\r\n${lowerCaseName}:`)
  if (start === -1) return undefined
  const from = start + lowerCaseName.length + 3
  const end = head.indexOf('\r\n', from)
  return head.slice(from, end === -1 ? undefined : end).trim()
}
