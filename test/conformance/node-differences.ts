/**
 * Where node:http cannot be made to agree with the corpus: node-style applications run on it, and its parser
 * (llhttp) has spoken before anyone else is asked. `docs/http.md` is made from this table; a test holds every row
 * against a live server, so that a row that is no longer true fails.
 */
import type { Entry } from './entry.ts'
import { type AgreesFrom, stillDiffers } from './llhttp-version.ts'

export interface NodeDifference {
  /** What the client sends. */
  readonly request: string
  /** 200: it is served. 0: the connection is closed without an answer. 'silent': the bytes behind it are lost. */
  readonly instead: number | 'silent'
  /** What node:http does about it, and what that means. */
  readonly effect: string
  readonly rfc: string
  /** `topic: name` of the entries. */
  readonly entries: readonly string[]
  /** All statuses of an entry, where `instead` does not say them. */
  readonly statuses?: Readonly<Record<string, readonly number[]>>
  /** So it is when the bytes come in one piece; cut into several, node may agree with the corpus. */
  readonly together?: true
  readonly agreesFrom?: AgreesFrom
}

export const nodeDifferences: readonly NodeDifference[] = [
  {
    request: 'two spaces in the request line',
    instead: 200,
    effect: 'served: several spaces separate as one does',
    rfc: '9112, 3',
    entries: ['request line: two spaces behind the method', 'request line: two spaces behind the target'],
  },
  {
    request: 'many empty lines, bare CR or bare LF before a request line',
    instead: 200,
    effect: 'skipped, as many as come; nothing is read from them',
    rfc: '9112, 2.2',
    entries: [
      'empty lines before a request line: nine empty lines',
      'empty lines before a request line: a hundred empty lines',
      'empty lines before a request line: a bare LF as an empty line',
      'empty lines before a request line: a bare CR as an empty line',
      'empty lines before a request line: CR CR LF as an empty line',
    ],
  },
  {
    request: 'a method that node does not know',
    instead: 400,
    effect:
      'refused with 400; `permit_unconventional_http_method` and `casefold_http_method` do not change it',
    rfc: '9110, 9.1',
    entries: [
      'method: a method that nobody knows',
      'method: a method of 3 characters',
      'method: a method of 20 characters',
      'method: a method with digits',
      'method: a method with token marks',
      'permit_unconventional_http_method: small letters are kept',
      'permit_unconventional_http_method: a number sign',
      'permit_unconventional_http_method: one character',
      'permit_unconventional_http_method: thirty characters',
      'permit_unconventional_http_method: with casefold_http_method small letters become capitals',
    ],
  },
  {
    request: 'a request line without a version, and fields behind it',
    instead: 505,
    effect: 'refused with 505 and not with 400',
    rfc: '9112, 3',
    entries: ['version: a 0.9 request with fields behind it'],
  },
  {
    request: 'a version that node does not know, where a setting permits it',
    instead: 505,
    effect: 'refused with 505; `permit_unconventional_http_version` lets only 2.0 pass, and closes behind it',
    rfc: '9110, 2.5',
    entries: ['permit_unconventional_http_version: 1.2', 'permit_unconventional_http_version: 1.9'],
  },
  {
    request: 'version 2.0, where a setting permits it',
    instead: 0,
    effect: 'served, and the connection is closed',
    rfc: '9110, 2.5',
    entries: ['permit_unconventional_http_version: 2.0 counts as modern'],
  },
  {
    request: 'more than `limit_chunk_line` or `limit_chunk_extensions` allows',
    instead: 200,
    effect: 'served: node has a bound of its own, 16 KB of extensions, which is answered with 413',
    rfc: '9112, 7.1.1',
    entries: [
      'limit_chunk_line: 51 bytes',
      'limit_chunk_line: 51 bytes of the last chunk',
      'limit_chunk_line: 1025 bytes, by default',
      'limit_chunk_extensions: 101 bytes',
      'limit_chunk_extensions: 101 bytes, in two chunks',
      'limit_chunk_extensions: well above it, in many chunks',
      'limit_chunk_extensions: above it, by default',
    ],
  },
  {
    request: 'a line or a trailer section without an end, longer than its limit',
    instead: 400,
    effect: 'read on until it ends or the whole is too long for node; here other bytes end it with 400',
    rfc: '9112, 3',
    entries: [
      'limit_request_line: a line without an end',
      'limit_request_fields: fields without an end',
      'limit_request_field_size: a name without an end',
      'limit_chunk_extensions: without an end',
      'limit_request_trailers: without an end',
    ],
  },
  {
    request: 'a field that white space around its value makes longer than `limit_request_field_size`',
    instead: 200,
    effect: 'served: the white space is not counted',
    rfc: '9112, 5',
    entries: ['limit_request_field_size: made too long by white space'],
  },
  {
    request: 'obs-text in the target',
    instead: 400,
    effect: 'refused with 400',
    rfc: '9112, 3.2',
    entries: ['origin-form: obs-text in the target, as sent'],
  },
  {
    request: 'obs-fold, or white space before a colon, where a setting permits it',
    instead: 400,
    effect: 'refused with 400; `permit_obsolete_folding` and `strip_header_spaces` do not change it',
    rfc: '9112, 5',
    entries: [
      'obs-fold: permitted, with a space',
      'obs-fold: permitted, with a tab',
      'obs-fold: permitted, over three lines',
      'strip_header_spaces: a space before the colon is left out',
      'strip_header_spaces: a tab before the colon is left out',
      'strip_header_spaces: several are left out',
      'strip_header_spaces: of Content-Length too, which counts',
    ],
  },
  {
    request: 'a tab behind the value of Content-Length',
    instead: 400,
    effect: 'refused with 400',
    rfc: '9112, 5.1',
    entries: ['Content-Length: white space around the number'],
    agreesFrom: '9.4',
  },
  {
    request: 'a tab behind the value of Transfer-Encoding',
    instead: 400,
    effect: 'refused with 400',
    rfc: '9112, 5.1',
    entries: ['Transfer-Encoding: white space around the value'],
  },
  {
    request: 'white space around the `;` or `=` of a chunk extension',
    instead: 400,
    effect: 'refused with 400',
    rfc: '9112, 7.1.1',
    entries: [
      'chunk extensions: white space around the semicolon',
      'chunk extensions: white space around the equals sign',
    ],
  },
  {
    request: 'a chunk extension without a name, or with `=` and no value',
    instead: 200,
    effect: 'served; the extension is ignored either way',
    rfc: '9112, 7.1.1',
    entries: ['chunk extensions: an equals sign without a value', 'chunk extensions: a value without a name'],
  },
  {
    request: 'a chunk size of 2^53 or more, below 2^64',
    instead: 'silent',
    effect: 'waits for that much data, which `body_timeout` and `limit_request_body` bound',
    rfc: '9112, 7.1',
    entries: ['chunk size: 2^53'],
  },
  {
    request: '`close` between tabs in a Connection list',
    instead: 200,
    effect: 'served, and the connection is kept',
    rfc: '9110, 7.6.1',
    entries: ['Connection: close with tabs around it'],
    agreesFrom: '9.4',
  },
  {
    request: '`Proxy-Connection: close`',
    instead: 0,
    effect: 'served, and the connection is closed: it is read as Connection',
    rfc: '9110, 7.6.1',
    entries: ['Connection: Proxy-Connection says nothing', 'Connection: a request behind Proxy-Connection'],
    statuses: { 'Connection: a request behind Proxy-Connection': [200] },
  },
  {
    request: 'bytes that are no HTTP, or a CONNECT, behind a whole request',
    instead: 0,
    together: true,
    effect: 'the whole requests are answered, then the connection is closed without another answer',
    rfc: '9112, 9.6',
    entries: [
      'pipelining: the same Content-Length of POST, then of CONNECT',
      'pipelining: nonsense behind a request',
      'pipelining: bytes behind a body that is too short for them',
      'pipelining: the last chunk behind Content-Length: 0',
      'pipelining: a body that nothing announced',
      'pipelining: NUL behind a request',
    ],
  },
  {
    request: 'a pipelined request in one segment with an Upgrade that nobody takes',
    instead: 'silent',
    together: true,
    effect: 'the Upgrade request is answered, what came with it is lost; later requests are served',
    rfc: '9110, 7.8',
    entries: [
      'Upgrade: a request behind one that nobody takes',
      'Upgrade: Upgrade that Connection names',
      'Upgrade: in a list',
      'Upgrade: in other letters',
      'Upgrade: of several protocols',
    ],
    statuses: { 'Upgrade: a request behind one that nobody takes': [200] },
  },
]

/** What responses of node:http have otherwise; `conformance-responses.test.ts` holds them. */
export const nodeResponseDifferences: readonly Pick<NodeDifference, 'request' | 'effect' | 'rfc'>[] = [
  {
    request: '`Expect: 100-continue`, and an application that does not read the body at once',
    effect: 'the 100 is sent before the application is called, whether it reads the body or not',
    rfc: '9110, 10.1.1',
  },
  {
    request: 'a 1.0 request, where the application gives early hints',
    effect: 'the 103 is sent, which 1.0 does not know; the application has to look at the version',
    rfc: '9110, 15.2',
  },
]

const byEntry = new Map(
  nodeDifferences
    .filter(({ agreesFrom }) => stillDiffers(agreesFrom))
    .flatMap((row) => row.entries.map((name) => [name, row] as const)),
)

/** What node:http does with this entry instead; undefined when it does what the corpus says. */
export const nodeDifferenceOf = ({ topic, name }: Entry): NodeDifference | undefined =>
  byEntry.get(`${topic}: ${name}`)
