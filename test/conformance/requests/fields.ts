/** RFC 9112, 5 and RFC 9110, 5: field lines, and Gunicorn's settings that relax them. */
import { char, get, head, hex, post, refuses, serves, topic, under } from '../entry.ts'

const seen = (...headers: readonly string[]) => ({ headers: ['Host', 'a', ...headers] })

const syntax = topic('field lines', '9112, 5', [
  serves('a space behind the colon', get('A: b'), seen('A', 'b')),
  serves('no space behind the colon', get('A:b'), seen('A', 'b')),
  serves('several spaces and tabs around the value', get('A: \t b \t'), seen('A', 'b')),
  serves('spaces within the value', get('A: b  c'), seen('A', 'b  c')),
  serves('a tab within the value', get('A: b\tc'), seen('A', 'b\tc')),
  serves('an empty value', get('A:'), seen('A', '')),
  serves('a value of spaces', get('A:    '), seen('A', '')),
  serves('a value of tabs', get('A:\t\t'), seen('A', '')),
  serves('a colon in the value', get('A: b:c'), seen('A', 'b:c')),
  serves('a value that begins with a colon', get('A::b'), seen('A', ':b')),
  serves('a name of one letter', get('Z: 1'), seen('Z', '1')),
  serves('a name of digits', get('0: 1'), seen('0', '1')),
  serves('a name of token marks', get("!#$%&'*+-.^`|~: 1"), seen("!#$%&'*+-.^`|~", '1')),
  ...under({ headerMap: 'dangerous' }, [
    serves('a name with an underscore', get('A_B: 1'), seen('A_B', '1')),
  ]),
  serves('a name that comes twice', get('A: b', 'a: c'), seen('A', 'b', 'a', 'c')),
  serves('obs-text in a value', get('A: caf\xe9'), seen('A', 'caf\xe9')),
  serves('every byte of obs-text', get('A: \x80\x9f\xa0\xff'), seen('A', '\x80\x9f\xa0\xff')),
  serves('a non-breaking space is no space', get('A: \xa0b\xa0'), seen('A', '\xa0b\xa0')),
  serves('a name as an object of JavaScript has it', get('__proto__: 1', 'constructor: 2'), {}),
  serves('one Content-Type', get('Content-Type: a/b'), seen('Content-Type', 'a/b')),
  refuses(400, 'Content-Type twice', get('Content-Type: a/b', 'Content-Type: c/d')),
  refuses(
    400,
    'Content-Type twice with the same value',
    post(['Content-Length: 1', 'content-type: a/b', 'Content-Type: a/b'], 'x'),
  ),
  refuses(400, 'no colon', get('A')),
  refuses(400, 'no colon, but a space', get('A b')),
  refuses(400, 'no name', get(': b')),
  refuses(400, 'a colon alone', get(':')),
  refuses(400, 'a space before the colon', get('A : b')),
  refuses(400, 'a tab before the colon', get('A\t: b')),
  refuses(400, 'a space in the name', get('A B: c')),
  refuses(400, 'obs-text in the name', get('caf\xe9: b')),
  refuses(400, 'a bare LF behind a value', 'GET / HTTP/1.1\r\nHost: a\r\nA: b\nC: d\r\n\r\n'),
  refuses(400, 'a bare CR behind a value', 'GET / HTTP/1.1\r\nHost: a\r\nA: b\rC: d\r\n\r\n'),
  refuses(400, 'CR CR LF behind a value', 'GET / HTTP/1.1\r\nHost: a\r\nA: b\r\r\nC: d\r\n\r\n'),
  refuses(400, 'LF CR behind a value', 'GET / HTTP/1.1\r\nHost: a\r\nA: b\n\rC: d\r\n\r\n'),
  refuses(400, 'a bare LF as the empty line', 'GET / HTTP/1.1\r\nHost: a\r\n\n'),
  refuses(400, 'a bare CR as the empty line', 'GET / HTTP/1.1\r\nHost: a\r\n\rGET / HTTP/1.1\r\n'),
  refuses(400, 'CR CR LF as the empty line', 'GET / HTTP/1.1\r\nHost: a\r\n\r\r\n'),
  refuses(400, 'an empty line with a space', 'GET / HTTP/1.1\r\nHost: a\r\n \r\n\r\n'),
  refuses(400, 'an empty line with a tab', 'GET / HTTP/1.1\r\nHost: a\r\n\t\r\n\r\n'),
  refuses(400, 'a bare CR before a name', 'GET / HTTP/1.1\r\nHost: a\r\n\rA: b\r\n\r\n'),
  refuses(400, 'a bare CR before the colon', get('A\r: b')),
  refuses(400, 'a bare LF before the colon', get('A\n: b')),
  refuses(400, 'a bare CR behind the colon', get('A:\rb')),
  ...[...'(),/;<=>?@[\\]{}"'].map((mark) => refuses(400, `${mark} in a name`, get(`A${mark}: b`))),
  ...[0, 1, 8, 0x0b, 0x0c, 0x1b, 0x7f].map((code) =>
    refuses(400, `the byte ${hex(code)} in a name`, get(`A${char(code)}: b`)),
  ),
  ...[0, 1, 7, 8, 0x0b, 0x0c, 0x0e, 0x1b, 0x1f, 0x7f].map((code) =>
    refuses(400, `the byte ${hex(code)} in a value`, get(`A: b${char(code)}c`)),
  ),
  refuses(400, 'NUL at the end of a value', get('A: b\0')),
  refuses(400, 'a vertical tab before a value', get('A:\x0bb')),
])

const folding = topic('obs-fold', '9112, 5.2', [
  refuses(400, 'with a space', get('A: b', ' c')),
  refuses(400, 'with a tab', get('A: b', '\tc')),
  refuses(400, 'of an empty value', get('A:', ' b')),
  refuses(400, 'that looks like a field', get('A: b', ' Content-Length: 5')),
  refuses(400, 'before the first field', head('GET / HTTP/1.1', ' A: b', 'Host: a')),
  refuses(400, 'a tab before the first field', head('GET / HTTP/1.1', '\tHost: a')),
  ...under({ obsoleteFolding: true }, [
    serves('permitted, with a space', get('A: b', ' c'), seen('A', 'b c')),
    serves('permitted, with a tab', get('A: b', '\tc'), seen('A', 'b c')),
    serves('permitted, over three lines', get('A: b', ' c', '  d'), seen('A', 'b c d')),
    refuses(400, 'permitted, but not before the first field', head('GET / HTTP/1.1', ' A: b', 'Host: a')),
    refuses(400, 'permitted, but not with a NUL', get('A: b', ' c\0')),
    refuses(400, 'permitted, but not with a bare LF', 'GET / HTTP/1.1\r\nHost: a\r\nA: b\n c\r\n\r\n'),
    refuses(
      400,
      'permitted, but a folded Content-Length is still malformed',
      post(['Content-Length: 1', ' 2']),
    ),
  ]),
])

const spaces = topic('strip_header_spaces', '9112, 5.1', [
  ...under({ headerSpaces: true }, [
    serves('a space before the colon is left out', get('A : b'), seen('A', 'b')),
    serves('a tab before the colon is left out', get('A\t: b'), seen('A', 'b')),
    serves('several are left out', get('A \t : b'), seen('A', 'b')),
    serves('of Content-Length too, which counts', post(['Content-Length : 3'], 'abc'), {
      method: 'POST',
      body: 'abc',
    }),
    refuses(400, 'a space within a name stays refused', get('A B : c')),
    refuses(400, 'a name of spaces stays refused', get('A: b', ' : c')),
    refuses(
      400,
      'both lengths stay refused',
      post(['Content-Length : 3', 'Transfer-Encoding : chunked'], 'abc'),
    ),
  ]),
])

export const fields = [...syntax, ...folding, ...spaces]
