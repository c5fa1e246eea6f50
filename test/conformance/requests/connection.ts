/** RFC 9112, 9 and RFC 9110, 7.6, 7.8, 10.1.1: keeping connections, pipelining, Expect and Upgrade. */
import {
  chunked,
  cutShort,
  get,
  head,
  last,
  post,
  refuses,
  serves,
  servesThenRefuses,
  topic,
} from '../entry.ts'

const old = (...fields: readonly string[]): string => head('GET / HTTP/1.0', ...fields)
const closing = { keepAlive: false }
const ancient = { version: '1.0' }

const keeping = topic('Connection', '9112, 9.3', [
  serves('a 1.1 connection is kept', get() + get(), {}, {}),
  serves('keep-alive in 1.1', get('Connection: keep-alive')),
  serves('close', get('Connection: close'), closing),
  serves('close in capitals', get('Connection: CLOSE'), closing),
  serves('close in a list', get('Connection: a, close'), closing),
  serves('close first in a list', get('Connection: close, a'), closing),
  serves('close in a list with empty elements', get('Connection: , ,close,'), closing),
  serves('close in a list without spaces', get('Connection: keep-alive,close'), closing),
  serves('close with tabs around it', get('Connection: a,\tclose\t,b'), closing),
  serves('close on a second line', get('Connection: a', 'Connection: close'), closing),
  serves('close beats keep-alive on two lines', get('Connection: close', 'Connection: keep-alive'), closing),
  serves('what only resembles close', get('Connection: closed, xclose, clos')),
  serves('close as a part of a word', get('Connection: close-not')),
  serves('an empty Connection', get('Connection:')),
  serves('Proxy-Connection says nothing', get('Proxy-Connection: close')),
  serves('a request behind Proxy-Connection', get('Proxy-Connection: close') + get(), {}, {}),
  serves(
    'nothing behind a 1.0 request with keep-alive and close is served',
    old('Connection: keep-alive, close') + head('GET /2 HTTP/1.0'),
    { ...ancient, ...closing },
  ),
  serves('Keep-Alive says nothing', get('Keep-Alive: timeout=5, max=1')),
  serves('1.0 closes', old('Host: a'), { ...ancient, ...closing }),
  serves('1.0 with keep-alive is kept', old('Connection: keep-alive'), ancient),
  serves('1.0 with Keep-Alive in other letters', old('Connection: Keep-Alive'), ancient),
  serves('1.0 with keep-alive in a list', old('Connection: a, keep-alive'), ancient),
  serves('1.0 with keep-alive and close', old('Connection: keep-alive, close'), { ...ancient, ...closing }),
  serves('1.0 with close', old('Connection: close'), { ...ancient, ...closing }),
  serves('1.0 with a Keep-Alive field only', old('Keep-Alive: timeout=5'), { ...ancient, ...closing }),
  serves('two 1.0 requests on a kept connection', old('Connection: keep-alive') + old(), ancient, {
    ...ancient,
    ...closing,
  }),
  serves(
    'nothing behind close is served',
    get('Connection: close') + head('GET /2 HTTP/1.1', 'Host: a'),
    closing,
  ),
  serves('nothing behind a 1.0 request is served', old() + head('GET /2 HTTP/1.1', 'Host: a'), {
    ...ancient,
    ...closing,
  }),
  serves(
    'Connection that names Content-Length changes no framing',
    post(['Connection: Content-Length', 'Content-Length: 2'], 'hi'),
    {
      method: 'POST',
      body: 'hi',
    },
  ),
  serves('Connection that names Host changes nothing', get('Connection: Host')),
])

const to = (target: string): string => head(`GET ${target} HTTP/1.1`, 'Host: a')

const pipelining = topic('pipelining', '9112, 9.3.2', [
  serves('two requests', to('/1') + to('/2'), { target: '/1' }, { target: '/2' }),
  serves(
    'ten requests',
    Array.from({ length: 10 }, (_, index) => to(`/${index}`)).join(''),
    ...Array.from({ length: 10 }, (_, index) => ({ target: `/${index}` })),
  ),
  serves(
    'behind a body',
    post(['Content-Length: 5'], 'hello') + to('/2'),
    { method: 'POST', body: 'hello' },
    { target: '/2' },
  ),
  serves(
    'behind a chunked body',
    chunked(`5\r\nhello\r\n${last}`) + to('/2'),
    { method: 'POST', body: 'hello' },
    { target: '/2' },
  ),
  serves(
    'behind trailers',
    chunked('0\r\nA: b\r\n\r\n') + to('/2'),
    { method: 'POST', trailers: ['A', 'b'] },
    { target: '/2' },
  ),
  serves(
    'bodies one behind the other',
    post(['Content-Length: 1'], 'a') + chunked(`1\r\nb\r\n${last}`) + post(['Content-Length: 1'], 'c'),
    { method: 'POST', body: 'a' },
    { method: 'POST', body: 'b' },
    { method: 'POST', body: 'c' },
  ),
  serves(
    'different fields each time',
    get('A: 1') + get('B: 2') + get('A: 1'),
    { headers: ['Host', 'a', 'A', '1'] },
    { headers: ['Host', 'a', 'B', '2'] },
    { headers: ['Host', 'a', 'A', '1'] },
  ),
  serves(
    'the same fields with another method and target',
    get('A: 1') + head('PUT /x HTTP/1.1', 'Host: a', 'A: 1'),
    { headers: ['Host', 'a', 'A', '1'] },
    { method: 'PUT', target: '/x', headers: ['Host', 'a', 'A', '1'] },
  ),
  serves(
    'the same fields of a 1.1 and a 1.0 request',
    get('A: 1') + head('GET / HTTP/1.0', 'Host: a', 'A: 1'),
    { headers: ['Host', 'a', 'A', '1'] },
    { version: '1.0', keepAlive: false, headers: ['Host', 'a', 'A', '1'] },
  ),
  servesThenRefuses(
    400,
    'the same chunked fields, then in 1.0, where they are refused',
    chunked(last) + head('POST / HTTP/1.0', 'Host: a', 'Transfer-Encoding: chunked') + last,
    { method: 'POST' },
  ),
  servesThenRefuses(
    400,
    'the same fields without Host, then in 1.1, where they are refused',
    `${old('Connection: keep-alive')}${head('GET / HTTP/1.1', 'Connection: keep-alive')}`,
    ancient,
  ),
  servesThenRefuses(
    400,
    'the same Content-Length of POST, then of CONNECT',
    `${post(['Content-Length: 1'], 'a')}${head('CONNECT b:443 HTTP/1.1', 'Host: a', 'Content-Length: 1')}`,
    { method: 'POST', body: 'a' },
  ),
  servesThenRefuses(400, 'nonsense behind a request', `${get()}nonsense\r\n\r\n`),
  servesThenRefuses(
    400,
    'bytes behind a body that is too short for them',
    `${post(['Content-Length: 2'], 'hello')}\r\n\r\n`,
    {
      method: 'POST',
      body: 'he',
    },
  ),
  servesThenRefuses(400, 'the last chunk behind Content-Length: 0', `${post(['Content-Length: 0'], last)}`, {
    method: 'POST',
  }),
  servesThenRefuses(400, 'a body that nothing announced', `${get()}hello=world\r\n`),
  servesThenRefuses(400, 'NUL behind a request', `${get()}\0${get()}`),
  servesThenRefuses(400, 'a second request without Host', get() + head('GET /2 HTTP/1.1')),
  servesThenRefuses(505, 'a second request of HTTP/2.0', get() + head('GET /2 HTTP/2.0', 'Host: a')),
  cutShort(servesThenRefuses(400, 'a second request cut short', `${get()}GET /2 HT`)),
])

const waiting = { method: 'POST', expectContinue: true }

const expectation = topic('Expect', '9110, 10.1.1', [
  serves('100-continue', post(['Expect: 100-continue', 'Content-Length: 2'], 'hi'), {
    ...waiting,
    body: 'hi',
  }),
  serves('100-continue in capitals', post(['Expect: 100-CONTINUE', 'Content-Length: 2'], 'hi'), {
    ...waiting,
    body: 'hi',
  }),
  serves(
    '100-continue with a chunked body',
    post(['Expect: 100-continue', 'Transfer-Encoding: chunked'], last),
    waiting,
  ),
  serves('100-continue without a body', get('Expect: 100-continue')),
  serves('100-continue with Content-Length: 0', post(['Expect: 100-continue', 'Content-Length: 0']), {
    method: 'POST',
  }),
  serves(
    '100-continue in 1.0 is nothing',
    `${head('POST / HTTP/1.0', 'Expect: 100-continue', 'Content-Length: 2')}hi`,
    {
      method: 'POST',
      body: 'hi',
      ...ancient,
      ...closing,
    },
  ),
  serves('another expectation in 1.0 is nothing', old('Expect: x'), { ...ancient, ...closing }),
  refuses(417, 'another expectation', get('Expect: x')),
  refuses(417, '200-ok', post(['Expect: 200-ok', 'Content-Length: 2'], 'hi')),
  refuses(417, 'what only begins like it', get('Expect: 100-continued')),
  refuses(417, 'in quotes', get('Expect: "100-continue"')),
])

const upgrading = topic('Upgrade', '9110, 7.8', [
  serves('Upgrade that Connection names', get('Connection: Upgrade', 'Upgrade: websocket'), {
    upgrade: true,
  }),
  serves('in a list', get('Connection: keep-alive, upgrade', 'Upgrade: websocket'), { upgrade: true }),
  serves('in other letters', get('connection: UPGRADE', 'upgrade: WebSocket'), { upgrade: true }),
  serves('of several protocols', get('Connection: Upgrade', 'Upgrade: a/1, b'), { upgrade: true }),
  serves(
    'a request behind one that nobody takes',
    get('Connection: Upgrade', 'Upgrade: x') + get(),
    { upgrade: true },
    {},
  ),
  serves('that Connection does not name', get('Upgrade: websocket')),
  serves('Connection that names what is not there', get('Connection: Upgrade')),
  serves('in 1.0 is nothing', old('Connection: upgrade', 'Upgrade: x'), { ...ancient, ...closing }),
])

export const connection = [...keeping, ...pipelining, ...expectation, ...upgrading]
