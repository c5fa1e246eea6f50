/** RFC 9112, 2.2 and 3: method SP request-target SP HTTP-version CRLF, and nothing else. */
import { char, cutShort, get, head, hex, refuses, serves, topic, under } from '../entry.ts'

const line = (text: string): string => head(text, 'Host: a')

const spaces = topic('request line', '9112, 3', [
  serves('one space between the parts', line('GET / HTTP/1.1')),
  refuses(400, 'two spaces behind the method', line('GET  / HTTP/1.1')),
  refuses(400, 'two spaces behind the target', line('GET /  HTTP/1.1')),
  refuses(400, 'a tab behind the method', line('GET\t/ HTTP/1.1')),
  refuses(400, 'a tab behind the target', line('GET /\tHTTP/1.1')),
  refuses(400, 'a tab and a space behind the method', line('GET\t / HTTP/1.1')),
  refuses(400, 'a vertical tab behind the method', line('GET\x0b/ HTTP/1.1')),
  refuses(400, 'a form feed behind the target', line('GET /\x0cHTTP/1.1')),
  refuses(400, 'a non-breaking space behind the method', line('GET\xa0/ HTTP/1.1')),
  refuses(400, 'a space before the method', line(' GET / HTTP/1.1')),
  refuses(400, 'a tab before the method', line('\tGET / HTTP/1.1')),
  refuses(400, 'a space behind the version', line('GET / HTTP/1.1 ')),
  refuses(400, 'a tab behind the version', line('GET / HTTP/1.1\t')),
  refuses(400, 'a word behind the version', line('GET / HTTP/1.1 now')),
  refuses(400, 'a space in the target', line('GET /a b HTTP/1.1')),
  refuses(400, 'a second version', line('GET / HTTP/1.1 HTTP/1.1')),
  refuses(400, 'a second request line as its target', line('GET /a HTTP/1.1 GET /b HTTP/1.1')),
  refuses(400, 'no target', line('GET HTTP/1.1')),
  refuses(400, 'no target, with both spaces', line('GET  HTTP/1.1')),
  refuses(400, 'only a method', line('GET')),
  refuses(400, 'only a method and a space', line('GET ')),
  refuses(400, 'no method', line(' / HTTP/1.1')),
  refuses(400, 'no method and no space', line('/ HTTP/1.1')),
  refuses(400, 'a version alone', line('HTTP/1.1')),
  refuses(400, 'a status line', head('HTTP/1.1 200 OK', 'Host: a')),
  refuses(400, 'a field line', head('Host: a')),
])

const lineEnds = topic('line ends', '9112, 2.2', [
  refuses(400, 'a bare LF behind the request line', 'GET / HTTP/1.1\nHost: a\r\n\r\n'),
  refuses(400, 'bare LFs everywhere', 'GET / HTTP/1.1\nHost: a\n\n'),
  refuses(400, 'a bare CR behind the request line', 'GET / HTTP/1.1\rHost: a\r\n\r\n'),
  refuses(400, 'CR CR LF behind the request line', 'GET / HTTP/1.1\r\r\nHost: a\r\n\r\n'),
  refuses(400, 'LF CR behind the request line', 'GET / HTTP/1.1\n\rHost: a\r\n\r\n'),
  refuses(400, 'a bare CR in the method', line('GE\rT / HTTP/1.1')),
  refuses(400, 'a bare CR in the target', line('GET /\r HTTP/1.1')),
  refuses(400, 'a bare LF in the target', line('GET /\n HTTP/1.1')),
  refuses(400, 'a bare CR within the version', line('GET / HTTP/\r1.1')),
  refuses(400, 'NUL before the CRLF', line('GET / HTTP/1.1\0')),
])

const emptyLines = topic('empty lines before a request line', '9112, 2.2', [
  serves('one empty line', `\r\n${get()}`),
  serves('two empty lines', `\r\n\r\n${get()}`),
  serves('an empty line between pipelined requests', `${get()}\r\n${get()}`, {}, {}),
  serves('eight empty lines', '\r\n'.repeat(8) + get()),
  refuses(400, 'nine empty lines', '\r\n'.repeat(9) + get()),
  refuses(400, 'a hundred empty lines', '\r\n'.repeat(100) + get()),
  refuses(400, 'a bare LF as an empty line', `\n${get()}`),
  refuses(400, 'a bare CR as an empty line', `\r${get()}`),
  refuses(400, 'CR CR LF as an empty line', `\r\r\n${get()}`),
  refuses(400, 'an empty line with a space', ` \r\n${get()}`),
  refuses(400, 'NUL bytes', `\0\0${get()}`),
  refuses(400, 'a byte order mark', `\xef\xbb\xbf${get()}`),
])

const methods = [
  'HEAD',
  'PUT',
  'DELETE',
  'PATCH',
  'TRACE',
  'PROPFIND',
  'MKCOL',
  'REPORT',
  'PURGE',
  'M-SEARCH',
]

const methodTokens = topic('method', '9110, 9.1', [
  ...methods.map((method) => serves(`the method ${method}`, line(`${method} / HTTP/1.1`), { method })),
  serves('a method that nobody knows', line('FROBNICATE / HTTP/1.1'), { method: 'FROBNICATE' }),
  serves('a method of 3 characters', line('FOO / HTTP/1.1'), { method: 'FOO' }),
  serves('a method of 20 characters', line(`${'A'.repeat(20)} / HTTP/1.1`), { method: 'A'.repeat(20) }),
  serves('a method with digits', line('V2GET / HTTP/1.1'), { method: 'V2GET' }),
  serves('a method with token marks', line("A!$%&'*+-.^_`|~ / HTTP/1.1"), { method: "A!$%&'*+-.^_`|~" }),
  refuses(400, 'a method of 2 characters', line('GE / HTTP/1.1')),
  refuses(400, 'a method of 21 characters', line(`${'A'.repeat(21)} / HTTP/1.1`)),
  refuses(400, 'a method in small letters', line('get / HTTP/1.1')),
  refuses(400, 'a method with one small letter', line('GEt / HTTP/1.1')),
  refuses(400, 'a method with a number sign', line('GE#T / HTTP/1.1')),
  ...[...'(),/:;<=>?@[\\]{}"'].map((mark) =>
    refuses(400, `${mark} in the method`, line(`GE${mark}T / HTTP/1.1`)),
  ),
  ...[0, 1, 8, 0x1b, 0x7f, 0x80, 0xe9, 0xff].map((code) =>
    refuses(400, `the byte ${hex(code)} in the method`, line(`GE${char(code)}T / HTTP/1.1`)),
  ),
])

const unconventional = topic('permit_unconventional_http_method', '9110, 9.1', [
  ...under({ unconventionalMethod: true }, [
    serves('small letters are kept', line('get / HTTP/1.1'), { method: 'get' }),
    serves('a number sign', line('GE#T / HTTP/1.1'), { method: 'GE#T' }),
    serves('one character', line('G / HTTP/1.1'), { method: 'G' }),
    serves('thirty characters', line(`${'A'.repeat(30)} / HTTP/1.1`), { method: 'A'.repeat(30) }),
    refuses(400, 'what is no token stays refused', line('GE(T / HTTP/1.1')),
    refuses(400, 'an empty method stays refused', line(' / HTTP/1.1')),
    refuses(400, 'obs-text stays refused', line('G\xc9T / HTTP/1.1')),
  ]),
  ...under({ unconventionalMethod: true, casefoldMethod: true }, [
    serves('with casefold_http_method small letters become capitals', line('get / HTTP/1.1')),
    serves('casefold_http_method leaves capitals alone', line('GET / HTTP/1.1')),
  ]),
])

const casefold = topic('casefold_http_method', '9110, 9.1', [
  ...under({ casefoldMethod: true }, [
    serves('capitals stay', line('GET / HTTP/1.1')),
    refuses(400, 'small letters alone are still unconventional', line('get / HTTP/1.1')),
  ]),
])

const malformedVersions = [
  'HTTP/1',
  'HTTP/1.',
  'HTTP/.1',
  'HTTP/11',
  'HTTP/1.01',
  'HTTP/01.1',
  'HTTP/1.10',
  'HTTP/1.1.1',
  'HTTP/1,1',
  'HTTP/1 .1',
  'HTTP/+1.1',
  'HTTP/1.x',
  'HTTP/x.1',
  'HTTP /1.1',
  'HTTP1.1',
  'HTTP-1.1',
  'http/1.1',
  'Http/1.1',
  'HTTPS/1.1',
  'HTPP/1.1',
  'HTTP//1.1',
  'XHTTP/1.1',
  'ICY/1.0',
  'HTTP/1.\xb9',
  'HTTP/',
]

const versions = topic('version', '9110, 2.5', [
  serves('HTTP/1.0 closes by default', head('GET / HTTP/1.0'), { version: '1.0', keepAlive: false }),
  ...['0.0', '0.9', '1.2', '1.3', '1.9', '2.0', '2.1', '3.0', '9.9'].map((version) =>
    refuses(505, `the version ${version}`, line(`GET / HTTP/${version}`)),
  ),
  ...malformedVersions.map((version) =>
    refuses(400, `the version ${JSON.stringify(version)}`, line(`GET / ${version}`)),
  ),
  refuses(400, 'a 0.9 request', 'GET /\r\n'),
  refuses(400, 'a 0.9 request with a space at its end', 'GET / \r\n'),
  refuses(400, 'a 0.9 request with fields behind it', 'GET /\r\nHost: a\r\n\r\n'),
  refuses(505, 'the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
  refuses(400, 'a TLS ClientHello', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'),
  refuses(400, 'an SSH greeting', 'SSH-2.0-OpenSSH_9.9\r\n'),
])

const unconventionalVersions = topic('permit_unconventional_http_version', '9110, 2.5', [
  ...under({ unconventionalVersion: true }, [
    serves('1.2', line('GET / HTTP/1.2'), { version: '1.2' }),
    serves('1.9', line('GET / HTTP/1.9'), { version: '1.9' }),
    serves('2.0 counts as modern', line('GET / HTTP/2.0'), { version: '2.0' }),
    serves('1.0 stays what it is', line('GET / HTTP/1.0'), { version: '1.0', keepAlive: false }),
    refuses(400, 'two digits stay refused', line('GET / HTTP/1.10')),
    refuses(400, 'small letters stay refused', line('GET / http/1.1')),
  ]),
])

const ended = topic('a head cut short', '9112, 8', [
  cutShort(refuses(400, 'behind one byte', 'G')),
  cutShort(refuses(400, 'within the target', 'GET /abc')),
  cutShort(refuses(400, 'before the LF of the request line', 'GET / HTTP/1.1\r')),
  cutShort(refuses(400, 'behind the request line', 'GET / HTTP/1.1\r\n')),
  cutShort(refuses(400, 'within a name', 'GET / HTTP/1.1\r\nHo')),
  cutShort(refuses(400, 'within a value', 'GET / HTTP/1.1\r\nHost: a')),
  cutShort(refuses(400, 'before the empty line', 'GET / HTTP/1.1\r\nHost: a\r\n')),
  cutShort(refuses(400, 'before the LF of the empty line', 'GET / HTTP/1.1\r\nHost: a\r\n\r')),
])

export const requestLine = [
  ...spaces,
  ...lineEnds,
  ...emptyLines,
  ...methodTokens,
  ...unconventional,
  ...casefold,
  ...versions,
  ...unconventionalVersions,
  ...ended,
]
