/** RFC 9112, 3.2: the four forms of a target; and Host, which goes with them (3.2, RFC 9110, 7.2). */
import { char, get, head, hex, refuses, serves, topic, under } from '../entry.ts'

const line = (text: string): string => head(text, 'Host: a')
const origin = (target: string): string => line(`GET ${target} HTTP/1.1`)

const accepted = [
  '/a/b/c',
  '/a?b=c&d=e',
  '/?',
  '/a%20b',
  '/a%00b',
  '/%zz',
  '//a/b',
  '//',
  '/../a',
  '/a/./b/..',
  '/a//b',
  '/a;b=c',
  '/a:b@c',
  '/http://b/',
  "/!$&'()*+,;=:@-._~",
  '/?a=?/b',
]

const originForm = topic('origin-form', '9112, 3.2.1', [
  ...accepted.map((target) => serves(`the target ${target}`, origin(target), { target })),
  serves('obs-text in the target, as sent', origin('/caf\xc3\xa9'), { target: '/caf\xc3\xa9' }),
  serves('marks that RFC 3986 does not know', origin('/a|b{c}"d"<e>^`\\'), { target: '/a|b{c}"d"<e>^`\\' }),
  refuses(400, 'a fragment', origin('/a#b')),
  refuses(400, 'an empty fragment', origin('/a#')),
  refuses(400, 'a target without its slash', origin('a/b')),
  refuses(400, 'a query alone', origin('?a=b')),
  refuses(400, 'a dot', origin('.')),
  refuses(400, 'a backslash', origin('\\')),
  ...[0, 1, 7, 8, 0x0b, 0x0c, 0x1b, 0x1f, 0x7f].map((code) =>
    refuses(400, `the byte ${hex(code)} in the target`, origin(`/a${char(code)}b`)),
  ),
])

const absoluteForm = topic('absolute-form', '9112, 3.2.2', [
  serves('http', origin('http://b/c?d'), { target: 'http://b/c?d' }),
  serves('https', origin('https://b/'), { target: 'https://b/' }),
  serves('without a path', origin('http://b'), { target: 'http://b' }),
  serves('with a port', origin('http://b:8000/'), { target: 'http://b:8000/' }),
  serves('an IPv6 literal', origin('http://[::1]:8000/'), { target: 'http://[::1]:8000/' }),
  serves('scheme in capitals', origin('HTTP://b/'), { target: 'HTTP://b/' }),
  serves('of OPTIONS', line('OPTIONS http://b HTTP/1.1'), { method: 'OPTIONS', target: 'http://b' }),
  refuses(400, 'without an authority', origin('http:///a')),
  refuses(400, 'with nothing behind the slashes', origin('http://')),
  refuses(400, 'with one slash', origin('http:/a')),
  refuses(400, 'with a fragment', origin('http://b/#c')),
  serves('an empty port', origin('http://b:/'), { target: 'http://b:/' }),
  serves('a query without a path', origin('http://b?c'), { target: 'http://b?c' }),
  serves('another scheme', origin('ws://b/'), { target: 'ws://b/' }),
  refuses(400, 'with user information (RFC 9110, 4.2.4)', origin('http://u@b/')),
  refuses(400, 'with a port of letters', origin('http://b:x/')),
  refuses(400, 'with a bracket that is not closed', origin('http://[::1/')),
  refuses(400, 'a URN', origin('urn:a:b')),
  refuses(400, 'without a scheme', origin('://b/')),
  refuses(400, 'a scheme that begins with a digit', origin('1http://b/')),
  refuses(400, 'without Host, which is demanded all the same', head('GET http://b/ HTTP/1.1')),
  refuses(400, 'with two Hosts', head('GET http://b/ HTTP/1.1', 'Host: b', 'Host: b')),
])

const connect = (target: string): string => line(`CONNECT ${target} HTTP/1.1`)

const authorityForm = topic('authority-form', '9112, 3.2.3', [
  serves('of CONNECT', connect('b:443'), { method: 'CONNECT', target: 'b:443', upgrade: true }),
  serves('an IPv6 literal', connect('[::1]:443'), { method: 'CONNECT', target: '[::1]:443', upgrade: true }),
  serves('an IPv4 address', connect('127.0.0.1:443'), {
    method: 'CONNECT',
    target: '127.0.0.1:443',
    upgrade: true,
  }),
  refuses(400, 'without a port', connect('b')),
  refuses(400, 'with an empty port', connect('b:')),
  refuses(400, 'with a port of letters', connect('b:http')),
  refuses(400, 'without a host', connect(':443')),
  refuses(400, 'CONNECT with a path', connect('/')),
  refuses(400, 'CONNECT with an absolute URI', connect('http://b:443/')),
  refuses(400, 'CONNECT with *', connect('*')),
  refuses(400, 'with user information', connect('u@b:443')),
  refuses(400, 'a port above 65535', connect('b:65536')),
  refuses(400, 'an IPv6 literal without a port', connect('[::1]')),
  refuses(400, 'a path behind the port', connect('b:443/a')),
  refuses(400, 'of GET', origin('b:443')),
  refuses(400, 'a host alone, of GET', origin('example.com')),
  refuses(
    400,
    'CONNECT with a Content-Length',
    head('CONNECT b:443 HTTP/1.1', 'Host: b', 'Content-Length: 4'),
  ),
  refuses(
    400,
    'CONNECT with a Transfer-Encoding',
    head('CONNECT b:443 HTTP/1.1', 'Host: b', 'Transfer-Encoding: chunked'),
  ),
])

const asteriskForm = topic('asterisk-form', '9112, 3.2.4', [
  serves('of OPTIONS', line('OPTIONS * HTTP/1.1'), { method: 'OPTIONS', target: '*' }),
  serves('OPTIONS with a path', line('OPTIONS /a HTTP/1.1'), { method: 'OPTIONS', target: '/a' }),
  refuses(400, 'of GET', origin('*')),
  refuses(400, 'of POST', line('POST * HTTP/1.1')),
  refuses(400, 'with more behind it', line('OPTIONS ** HTTP/1.1')),
  refuses(400, 'with a query', line('OPTIONS *?a HTTP/1.1')),
])

const host = (value: string): string => head('GET / HTTP/1.1', `Host: ${value}`)

const goodHosts = [
  'example.com',
  'example.com:8000',
  'EXAMPLE.com',
  'a',
  '127.0.0.1',
  '127.0.0.1:80',
  '[::1]',
  '[::1]:8000',
  'xn--caf-dma.example',
  'a_b.example',
  '%41.example',
  'example.com.',
]

const badHosts: readonly (readonly [string, string])[] = [
  ['a b', 'a space'],
  ['a, b', 'a list'],
  ['a/b', 'a path'],
  ['http://a', 'a URI'],
  ['a?b', 'a query'],
  ['a#b', 'a fragment'],
  ['u@a', 'user information'],
  ['a:80:80', 'two ports'],
  ['a:x', 'a port of letters'],
  ['a:-1', 'a negative port'],
  ['[:::::]', 'brackets around what is no address'],
  ['[1:2:3]', 'an address that is too short'],
  ['[::1', 'a bracket that is not closed'],
  ['::1', 'an IPv6 address without brackets'],
  ['a:65536', 'a port above 65535'],
  ['a%zz', 'a percent sign that encodes nothing'],
  ['[::1]a', 'something behind the bracket'],
  ['[]', 'empty brackets'],
  ['[g::1]', 'a letter that is no digit in brackets'],
  ['a\\b', 'a backslash'],
  ['<a>', 'angle brackets'],
  ['a"b', 'a quote'],
  ['a\tb', 'a tab within'],
  ['caf\xc3\xa9', 'obs-text'],
]

const hostField = topic('Host', '9112, 3.2', [
  ...goodHosts.map((value) => serves(`Host: ${value}`, host(value), { headers: ['Host', value] })),
  serves('the name in other letters', head('GET / HTTP/1.1', 'hOST: a')),
  serves('empty, as a target without an authority may have it', head('GET / HTTP/1.1', 'Host:')),
  refuses(400, 'missing', head('GET / HTTP/1.1')),
  refuses(400, 'missing among other fields', head('GET / HTTP/1.1', 'Accept: */*', 'X-Host: a')),
  serves('missing in 1.0', head('GET / HTTP/1.0'), { version: '1.0', keepAlive: false }),
  refuses(400, 'twice', head('GET / HTTP/1.1', 'Host: a', 'Host: b')),
  refuses(400, 'twice with the same value', head('GET / HTTP/1.1', 'Host: a', 'Host: a')),
  refuses(400, 'twice in 1.0', head('GET / HTTP/1.0', 'Host: a', 'Host: b')),
  refuses(400, 'twice, with other fields between', get('Accept: */*', 'X: y', 'HOST: a')),
  refuses(400, 'twice, one of them empty', head('GET / HTTP/1.1', 'Host:', 'Host: a')),
  refuses(400, 'with a space before its colon', head('GET / HTTP/1.1', 'Host : a')),
  refuses(400, 'folded', head('GET / HTTP/1.1', 'Host: a', ' b')),
  ...badHosts.map(([value, what]) => refuses(400, `with ${what}`, host(value))),
  refuses(400, 'malformed in 1.0', head('GET / HTTP/1.0', 'Host: a b')),
  ...under({ requireHost: false }, [
    serves('missing, with require_host off', head('GET / HTTP/1.1')),
    refuses(400, 'twice, with require_host off', head('GET / HTTP/1.1', 'Host: a', 'Host: a')),
    refuses(400, 'malformed, with require_host off', host('a b')),
  ]),
])

export const target = [...originForm, ...absoluteForm, ...authorityForm, ...asteriskForm, ...hostField]
