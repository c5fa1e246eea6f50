import { expect, test } from 'vitest'
import { faultOfTarget, isHost } from '../../../src/http/targets.ts'

test.each(['/', '/a?b=c', '//a', '/a|b"<>', 'http://b/c?d', 'HTTPS://[::1]:8000/', 'http://b'])(
  'the target %s is of GET',
  (target) => {
    expect(faultOfTarget('GET', target)).toBeUndefined()
  },
)

test.each([
  '*',
  '',
  'a',
  '?a',
  '/a#b',
  'http://b/#c',
  'http:///a',
  'http://',
  'http:/a',
  '1http://b',
  'b:443',
  'http://u@b/',
  'http://b:x/',
  'http://[::1/',
])('the target %s is not of GET', (target) => {
  expect(faultOfTarget('GET', target)).toMatch(/^\S/)
})

test('* is of OPTIONS, alone', () => {
  expect(faultOfTarget('OPTIONS', '*')).toBeUndefined()
  for (const target of ['**', '*?a', '*/']) expect(faultOfTarget('OPTIONS', target)).toBeDefined()
})

test.each(['b:443', '[::1]:443', '127.0.0.1:443'])('CONNECT %s names host and port', (target) => {
  expect(faultOfTarget('CONNECT', target)).toBeUndefined()
})

test.each(['b', 'b:', 'b:http', ':443', '/', '*', 'http://b:443/', 'b:443/a', 'b:65536'])(
  'CONNECT %s does not',
  (target) => {
    expect(faultOfTarget('CONNECT', target)).toBeDefined()
  },
)

test.each([
  '',
  'example.com',
  'A.example:8000',
  'a:',
  '[::1]',
  '[::1]:80',
  'a_b.example',
  '%41',
  'example.com.',
])('the Host %j is one', (value) => {
  expect(isHost(value)).toBe(true)
})

test.each([
  'a b',
  'a, b',
  'a/b',
  'u@a',
  'a?b',
  'a#b',
  'a:80:80',
  'a:65536',
  'a:x',
  '[::1',
  '::1',
  '[::1]a',
  '[]',
  '[g::1]',
  '%4',
  'caf\xe9',
])('the Host %j is none', (value) => {
  expect(isHost(value)).toBe(false)
})
