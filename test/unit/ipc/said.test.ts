/** What a worker answers is believed only when all of it has the shape that it should. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { mostSaid } from '../../../src/ipc/messages.ts'
import { readSaid } from '../../../src/ipc/said.ts'

const request = { worker: 7, method: 'GET', path: '/', ageMs: 1.5, client: '127.0.0.1', phase: 'running' }
const said = (answer: unknown, id: unknown = 1) => readSaid({ type: 'answer', id, answer })
const believes = (answer: unknown, id?: unknown): boolean => said(answer, id) !== undefined

describe('an answer', () => {
  test.each([
    [{ what: 'requests', requests: [request, { ...request, worker: null, phase: 'waiting' }] }],
    [{ what: 'requests', requests: [] }],
    [{ what: 'stack', stacks: [{ thread: 'main', text: 'File "app.py"' }] }],
    [{ what: 'cpu', note: null }],
    [{ what: 'heap', note: 'words' }],
    [{ what: 'failed', message: 'no room' }],
  ])('%j is believed', (answer) => {
    expect(said(answer)).toEqual({ type: 'answer', id: 1, answer })
  })

  test.each([
    [null],
    [{ what: 'toString' }],
    [{ what: 'constructor', note: null }],
    [{ what: 'requests', requests: {} }],
    [{ what: 'requests', requests: [null] }],
    [{ what: 'requests', requests: [{ ...request, worker: '7' }] }],
    [{ what: 'requests', requests: [{ ...request, ageMs: Number.NaN }] }],
    [{ what: 'requests', requests: [{ ...request, phase: 'valueOf' }] }],
    [{ what: 'requests', requests: [{ ...request, path: 'x'.repeat(mostSaid.path + 1) }] }],
    [{ what: 'requests', requests: Array.from({ length: mostSaid.requests + 1 }, () => request) }],
    [{ what: 'stack', stacks: [{ thread: 'main' }] }],
    [{ what: 'stack', stacks: [{ thread: 'main', text: 'x'.repeat(mostSaid.text + 1) }] }],
    [{ what: 'cpu', note: {} }],
    [{ what: 'failed' }],
  ])('%# is not', (answer) => {
    expect(believes(answer)).toBe(false)
  })

  test('needs the id of a question', () => {
    expect(believes({ what: 'cpu', note: null }, '1')).toBe(false)
    expect(believes({ what: 'cpu', note: null }, 1.5)).toBe(false)
  })
})

test('whatever a process writes, it is judged without a throw', () => {
  const types = fc.constantFrom('answer', 'ready', 'recycle', 'failed', 'hello', 'ended', '__proto__')
  const what = fc.constantFrom('requests', 'stack', 'cpu', 'heap', 'failed')
  const bodies = fc.oneof(
    fc.jsonValue(),
    fc.record({ type: types, id: fc.jsonValue(), answer: fc.jsonValue() }, { requiredKeys: [] }),
    fc.record({
      type: fc.constant('answer'),
      id: fc.nat(),
      answer: fc.record({ what, requests: fc.jsonValue(), stacks: fc.jsonValue(), note: fc.jsonValue() }),
    }),
  )
  fc.assert(
    fc.property(bodies, (body) => {
      readSaid(body)
    }),
  )
})
