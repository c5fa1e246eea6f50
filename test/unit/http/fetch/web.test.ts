/** The light Headers and Response beside the runtime's own: the same calls give the same. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { LightHeaders } from '../../../../src/http/fetch/headers.ts'
import { LightRequest } from '../../../../src/http/fetch/request.ts'
import { Light } from './serve.ts'

const LightH = LightHeaders as unknown as typeof Headers
type Made = Response | Headers
const outcome = (make: () => unknown): unknown => {
  try {
    return make()
  } catch (error) {
    return error instanceof Error ? error.name : error
  }
}

const names = fc.constantFrom(
  'a',
  'A',
  'b',
  'X-Long-Name',
  'set-cookie',
  'Set-Cookie',
  'cookie',
  'bad name',
  '',
  'ü',
)
const values = fc.oneof(
  fc.constantFrom('1', ' 2 ', '\t', 'x\r\ny', 'é', '\u0100', 'a\0b', '\n3\r'),
  fc.string({ maxLength: 3 }),
)
const steps = fc.array(fc.tuple(fc.constantFrom('set', 'append', 'delete', 'get', 'has'), names, values), {
  maxLength: 12,
})

/** Everything that can be seen of a Headers after some calls, and what each call came to. */
const story = (Class: typeof Headers, calls: readonly (readonly [string, string, string])[]): unknown[] => {
  const headers = new Class()
  const said = calls.map(([call, name, value]) =>
    outcome(() => Reflect.apply(Reflect.get(headers, call) as () => unknown, headers, [name, value])),
  )
  return [said, [...headers], [...headers.keys()], [...headers.values()], headers.getSetCookie()]
}

describe('Headers', () => {
  test('any calls give what they give on the real one', () => {
    fc.assert(
      fc.property(steps, (calls) => {
        expect(story(LightH, calls)).toEqual(story(Headers, calls))
      }),
      { numRuns: 500 },
    )
  })

  test.each<[string, unknown]>([
    ['an object', { b: '1', A: '2' }],
    [
      'pairs',
      [
        ['b', '1'],
        ['a', '2'],
        ['B', '3'],
      ],
    ],
    ['a map', new Map([['a', '1']])],
    [
      'real headers',
      new Headers([
        ['set-cookie', '1'],
        ['set-cookie', '2'],
      ]),
    ],
    ['light headers', new LightHeaders({ a: '1' })],
    ['undefined', undefined],
    ['a pair too short', [['a']]],
    ['a pair too long', [['a', 'b', 'c']]],
    ['a number', 1],
    ['a number as value', { a: 1 }],
  ])('made of %s', (_, init) => {
    const make = (Class: typeof Headers) => outcome(() => [...new Class(init as Record<string, string>)])
    expect(make(LightH)).toEqual(make(Headers))
  })

  test('forEach tells value, name and itself', () => {
    const headers = new LightHeaders({ b: '1', a: '2' })
    const told: unknown[] = []
    headers.forEach((...all) => void told.push(all))
    expect(told).toEqual([
      ['2', 'a', headers],
      ['1', 'b', headers],
    ])
  })
})

describe('Response', () => {
  test.each<[string, (Class: typeof Response) => Made]>([
    ['text', (Class) => new Class('x')],
    ['null', (Class) => new Class(null, { status: 204 })],
    ['empty text', (Class) => new Class('')],
    ['a header of its own', (Class) => new Class('x', { headers: { 'content-type': 'a/b' } })],
    ['other headers', (Class) => new Class('x', { headers: [['a', 'b']] })],
    ['a status', (Class) => new Class('x', { status: 404, statusText: 'No' })],
    ['a status that is too small', (Class) => new Class('x', { status: 199 })],
    ['a status that is too great', (Class) => new Class('x', { status: 600 })],
    ['a status that is none', (Class) => new Class('x', { status: Number.NaN })],
    ['a body where none may be', (Class) => new Class('x', { status: 204 })],
    ['an empty body where none may be', (Class) => new Class('', { status: 304 })],
    ['a reason that splits', (Class) => new Class('x', { statusText: 'a\r\nb' })],
    ['a header that splits', (Class) => new Class('x', { headers: { a: 'b\r\nc' } })],
    ['bytes', (Class) => new Class(Uint8Array.of(1))],
    ['an object', (Class) => new Class({} as never)],
    ['json', (Class) => Class.json({ a: 1 })],
    ['json with a status', (Class) => Class.json(null, { status: 201 })],
    ['json with a type', (Class) => Class.json(null, { headers: { 'Content-Type': 'application/x' } })],
    [
      'json with the type of text',
      (Class) => Class.json(1, { headers: { 'Content-Type': 'text/plain;charset=UTF-8' } }),
    ],
    ['json with headers', (Class) => Class.json(1, { headers: { a: 'b' } })],
    ['json of what has none', (Class) => Class.json(undefined as never, {})],
    ['a redirection', (Class) => Class.redirect('http://h/x y', 302)],
    ['a redirection with a status', (Class) => Class.redirect('http://h/', 308)],
    ['a redirection that is none', (Class) => Class.redirect('http://h/', 200 as never)],
    ['options that are none', (Class) => new Class('x', 404 as never)],
    ['an error', (Class) => Class.error()],
    ['a clone', (Class) => new Class('x', { headers: { a: 'b' } }).clone()],
  ])('of %s', async (_, make) => {
    const seen = async (Class: typeof Response) => {
      const made = outcome(() => make(Class))
      if (typeof made === 'string') return made
      const response = made as Response
      const { status, statusText, ok, type, url, redirected, bodyUsed } = response
      const text = await response.text()
      const headers = [...response.headers]
      return {
        status,
        statusText,
        ok,
        type,
        url,
        redirected,
        bodyUsed,
        text,
        headers,
        usedAfter: response.bodyUsed,
        hasBody: response.body !== null,
      }
    }
    expect(await seen(Light)).toEqual(await seen(Response))
  })

  test.each<[string, () => ConstructorParameters<typeof Response>[0]]>([
    ['text', () => 'héllo'],
    ['bytes', () => Buffer.from('héllo')],
    ['a stream', () => ReadableStream.from([Buffer.from('hé'), Buffer.from('llo')]) as ReadableStream],
    ['a Blob', () => new Blob(['héllo'])],
  ])('every method reads %s', async (_, body) => {
    const bytes = new TextEncoder().encode('héllo')
    expect(await new Light(body()).text()).toBe('héllo')
    expect(new Uint8Array(await new Light(body()).arrayBuffer())).toEqual(bytes)
    expect(new Uint8Array(await (await new Light(body()).blob()).arrayBuffer())).toEqual(bytes)
    expect(await new Response(new Light(body()).body).text()).toBe('héllo')
    const one = new Light(body())
    const other = one.clone()
    expect(await Promise.all([one.text(), other.text()])).toEqual(['héllo', 'héllo'])
  })

  test('reading twice is a TypeError, in any way', async () => {
    const one = new Light('x')
    const { body } = one
    await one.text()
    await expect(one.text()).rejects.toThrow(TypeError)
    expect(() => one.clone()).toThrow(TypeError)
    expect((await body?.getReader().read())?.done).toBe(true)
    const locked = new Light('x')
    locked.body?.getReader()
    await expect(locked.text()).rejects.toThrow(TypeError)
  })

  test('classes that extend it work, and are told from it', () => {
    class Mine extends Light {}
    const mine = new Mine('x', { status: 201 })
    expect([mine.status, mine instanceof Mine, mine instanceof Light, new Light() instanceof Mine]).toEqual([
      201,
      true,
      true,
      false,
    ])
  })
})

describe('Request', () => {
  const LightR = LightRequest as unknown as typeof Request
  test.each<[string, (Class: typeof Request) => Request]>([
    ['a URL', (Class) => new Class('http://H/a/../b')],
    ['a URL object', (Class) => new Class(new URL('http://h/?q'))],
    ['a relative URL', (Class) => new Class('/a')],
    ['credentials', (Class) => new Class('http://u:p@h/')],
    ['a method in small letters', (Class) => new Class('http://h/', { method: 'post' })],
    ['a method of its own', (Class) => new Class('http://h/', { method: 'patch' })],
    ['no method', (Class) => new Class('http://h/', { method: 'a b' })],
    ['a forbidden method', (Class) => new Class('http://h/', { method: 'trace' })],
    ['text', (Class) => new Class('http://h/', { method: 'POST', body: 'text' })],
    ['a body with GET', (Class) => new Class('http://h/', { body: 'text' })],
    ['parameters', (Class) => new Class('http://h/', { method: 'PUT', body: new URLSearchParams('a=1') })],
    [
      'a type of its own',
      (Class) => new Class('http://h/', { method: 'PUT', body: 'x', headers: { 'Content-Type': 'a/b' } }),
    ],
    ['a redirect mode', (Class) => new Class('http://h/', { redirect: 'manual' })],
    [
      'another',
      (Class) =>
        new Class(
          new Class('http://h/', { method: 'POST', body: 'x', headers: { a: 'b' }, redirect: 'error' }),
        ),
    ],
    [
      'another, with headers',
      (Class) => new Class(new Class('http://h/', { method: 'POST', body: 'x' }), { headers: { c: 'd' } }),
    ],
    [
      'another, with a body',
      (Class) => new Class(new Class('http://h/', { method: 'POST', body: 'x' }), { body: 'y' }),
    ],
    ['a clone', (Class) => new Class('http://h/', { method: 'POST', body: 'x' }).clone()],
  ])('of %s', async (_, make) => {
    const seen = async (Class: typeof Request) => {
      const made = outcome(() => make(Class))
      if (typeof made === 'string') return made
      const request = made as Request
      const { url, method, redirect, credentials, cache, mode, bodyUsed } = request
      const { aborted } = request.signal
      const hasBody = request.body !== null
      const headers = [...request.headers]
      const text = await request.text()
      return {
        url,
        method,
        redirect,
        credentials,
        cache,
        mode,
        bodyUsed,
        aborted,
        hasBody,
        headers,
        text,
        after: request.bodyUsed,
      }
    }
    expect(await seen(LightR)).toEqual(await seen(Request))
  })

  test('a form is read again as it was written', async () => {
    const form = new FormData()
    form.append('a"b', 'one\ntwo')
    form.append('file', new File(['bytes'], 'n.txt', { type: 'text/x' }))
    const read = await new LightR('http://h/', { method: 'POST', body: form }).formData()
    expect([read.get('a"b'), await (read.get('file') as unknown as File).text()]).toEqual([
      'one\r\ntwo',
      'bytes',
    ])
  })
})
