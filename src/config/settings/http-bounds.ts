/**
 * Bounds in time and size on what a client may send, and the rules of HTTP that may be chosen. Gunicorn has none of
 * them. They stand under Security, as Gunicorn's limits do.
 */
import { declare, type Setting } from '../setting.ts'
import { bytes, flag, integer, matching, seconds } from '../setting-kinds.ts'

/** A field's value as RFC 9110, 5.5 has it, in ASCII; '' is none. */
const fieldValueKind = matching(
  'field value',
  /^[\t\x20-\x7e]*$/,
  'text of visible ASCII characters and spaces',
)

export const settings = {
  header_timeout: seconds({
    cli: ['--header-timeout'],
    metavar: 'SECONDS',
    default: 60,
    summary: "How long a request's head may take to arrive; 0 = for ever.",
    details: `Counted from its first byte, for the first request of a connection from the connection's start. A head that
is late is answered 408; a client that never sent a byte is let go without an answer. It is what ends clients that hold
connections by sending a byte now and then; lower it (5 to 15) where no slow network is expected.`,
    gunicorn: false,
  }),
  body_timeout: seconds({
    cli: ['--body-timeout'],
    metavar: 'SECONDS',
    default: 60,
    summary: "How long a request's body may take before it must keep body_min_rate; 0 = for ever.",
    details: `A body that after this time is slower than \`body_min_rate\`, or of which nothing came for this time, is
answered 408 as long as nothing was answered, else the connection is cut; the application's reading fails. Time in which
the application does not read does not count. Long uploads are not bounded by it, only slow ones.`,
    gunicorn: false,
  }),
  body_min_rate: bytes({
    cli: ['--body-min-rate'],
    metavar: 'BYTES',
    default: 240,
    summary: 'Bytes of body a second that a client must send on the average; 0 = any.',
    details: `Judged when \`body_timeout\` is over and from then on. Set 0 for applications whose clients hold an upload open
and send now and then, such as streams of events upwards: \`body_timeout\` then bounds the pause between two pieces.`,
    gunicorn: false,
  }),
  write_timeout: seconds({
    cli: ['--write-timeout'],
    metavar: 'SECONDS',
    default: 60,
    summary: 'How long a client may take nothing of its response; 0 = for ever.',
    details: `The connection of a client that reads nothing while bytes wait for it is cut after this time, and what waits is
given free. A response that the application is still making is not bounded by it. Raise it for clients that pause a
download, as players of media do.`,
    gunicorn: false,
  }),
  limit_request_head: bytes({
    cli: ['--limit-request-head'],
    metavar: 'BYTES',
    default: 65_536,
    summary: 'The longest head, request line and all header fields, in bytes; 0 = as the other limits allow.',
    details: `A longer one is answered 431. It is what one connection can make the server hold before an application sees
anything: without it, the other limits allow 800 kB.`,
    gunicorn: false,
  }),
  limit_request_body: bytes({
    cli: ['--limit-request-body'],
    metavar: 'BYTES',
    default: 0,
    summary: 'The largest body, in bytes; 0 = no limit.',
    details: `A number, or text as \`10M\`. A request that announces more is answered 413 before the application sees it. One
that sends more in chunks is answered 413 when it does, if nothing was answered yet, and else cut; the application's
reading fails, it never takes a part for the whole. Set it to what the application can use; behind a proxy, to the
proxy's limit.`,
    gunicorn: false,
  }),
  limit_chunk_line: integer({
    cli: ['--limit-chunk-line'],
    metavar: 'BYTES',
    default: 1024,
    minimum: 3,
    summary: 'The longest line before a chunk, its size and extensions, in bytes.',
    details: `A longer one is answered 400. Hardly any client sends extensions; lower it at will. For node-style
applications node's own limit counts, on all extensions of a body.`,
    gunicorn: false,
  }),
  limit_chunk_extensions: bytes({
    cli: ['--limit-chunk-extensions'],
    metavar: 'BYTES',
    default: 16_384,
    summary: 'The most bytes of chunk extensions in one body.',
    details: `More are answered 413: extensions are bytes that a client can have the server read without end. For
node-style applications it is kept roughly (some 64 kB more may pass), and node refuses 16384 bytes in one chunk.`,
    gunicorn: false,
  }),
  limit_request_trailers: bytes({
    cli: ['--limit-request-trailers'],
    metavar: 'BYTES',
    default: 16_384,
    summary: 'The longest trailer section of a chunked body, in bytes.',
    details: `A longer one is answered 431. \`limit_request_fields\` and \`limit_request_field_size\` hold for trailers, too.
Fields of framing, routing and authentication, as Host, are refused in trailers with 400.`,
    gunicorn: false,
  }),
  limit_pipelined_requests: integer({
    cli: ['--limit-pipelined-requests'],
    metavar: 'INT',
    default: 100,
    minimum: 0,
    summary: 'The most requests of one connection that are taken in hand at once; 0 = no limit.',
    details: `For node-style applications, one more is answered 503, behind the answers of those before it, and the
connection ends: node's own HTTP server makes requests of all that comes. For fetch applications requests are taken one
after the other, what waits is bounded in bytes, and nobody is answered 503; there it is how many are served (32 at
most) before other connections have their turn. Browsers do not pipeline, and few other clients do.`,
    gunicorn: false,
  }),
  require_host: flag({
    cli: ['--no-require-host'],
    constant: false,
    default: true,
    summary: 'Refuse HTTP/1.1 requests without a Host field; the flag accepts them.',
    details: `RFC 9112 demands the refusal (400); Gunicorn accepts them. Turn it off only for a client that cannot be
changed. A malformed Host, or more than one, is refused in any case.`,
    gunicorn: false,
  }),
  server_header: declare(fieldValueKind, {
    cli: ['--server-header'],
    metavar: 'STRING',
    default: '',
    defaultText: 'none is sent',
    summary: 'The Server field of responses that have none.',
    details: `Gunicorn sends \`gunicorn\`. Naming the program helps nobody but those who look for servers with a known
fault; a fixed text can be of use to tell servers behind a balancer apart.`,
    gunicorn: false,
  }),
  date_header: flag({
    cli: ['--no-date-header'],
    constant: false,
    default: true,
    summary: 'Send a Date field with every response; the flag leaves it out.',
    details: 'RFC 9110 asks servers with a clock for it, and caches reckon with it. Leave it on.',
    gunicorn: false,
  }),
} as const satisfies Record<string, Setting>
