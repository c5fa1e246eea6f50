import { describe, expect, test } from 'vitest'
import { event } from '../../../../src/http/h1/events.ts'
import { emptyBlock, HeaderBlock, noFacts } from '../../../../src/http/h1/header-block.ts'
import { RequestParser } from '../../../../src/http/h1/parser.ts'
import { bytes, limits, strict } from './harness.ts'

const blockOf = (fields: string): HeaderBlock => {
  const parser = new RequestParser(limits, strict)
  const request = bytes(`GET / HTTP/1.1\r\n${fields}\r\n`)
  expect(parser.read(request, 0, request.length)).toBe(event.head)
  return parser.head.fields
}

describe('a block of fields', () => {
  const block = blockOf('Host: a\r\nX-A: 1\r\nCookie: b=c\r\nx-a:2\r\nX_A: 3\r\ncookie: d=e\r\nX^: 4\r\n')

  test('names and values by index, and all of them', () => {
    expect(block.count).toBe(7)
    expect([block.name(3), block.value(3)]).toEqual(['x-a', '2'])
    expect(block.raw().slice(0, 4)).toEqual(['Host', 'a', 'X-A', '1'])
    expect(block.raw()).toBe(block.raw())
  })

  test('find tells names apart by their letters alone, from an index on', () => {
    expect([block.find('x-a'), block.find('x-a', 2), block.find('x-a', 4)]).toEqual([1, 3, -1])
    expect([block.find('x_a'), block.find('x'), block.find('x~'), block.find('x^')]).toEqual([4, -1, -1, 6])
  })

  test('get joins with a comma, cookies with a semicolon', () => {
    expect(block.get('x-a')).toBe('1, 2')
    expect(block.get('cookie')).toBe('b=c; d=e')
    expect(block.get('nothing')).toBeUndefined()
  })

  test('without leaves fields out by their name as sent', () => {
    const fewer = block.without(new Set(['X_A', 'X-A']))
    expect(fewer.count).toBe(5)
    expect([fewer.get('x-a'), fewer.find('x_a'), fewer.find('host')]).toEqual(['2', -1, 0])
    expect(block.without(new Set(['other']))).toBe(block)
    expect(block.count).toBe(7)
  })

  test('facts: an underscore in a name', () => {
    expect(block.facts.underscores).toBe(true)
    expect(blockOf('Host: a_b\r\nX-A: _\r\n').facts.underscores).toBe(false)
    expect(emptyBlock.raw()).toEqual([])
  })
})

test('folded fields are unfolded in a time that grows with their length', () => {
  const value = `a\r\n b${' '.repeat(200_000)}c \t\r\n\t d\xa0\r\n e`
  const block = new HeaderBlock(`${value}\r\n\r\n`, [0, 0, 0, value.length], { ...noFacts, folded: true })
  const before = performance.now()
  expect(block.value(0)).toBe(`a b${' '.repeat(200_000)}c d\xa0 e`)
  expect(performance.now() - before).toBeLessThan(1000)
})
