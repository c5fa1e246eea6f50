import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { widthOf } from '../../../src/client/text.ts'
import { keysIn } from '../../../src/client/top/keys.ts'
import { render } from '../../../src/client/top/render.ts'
import { sparkline } from '../../../src/client/top/sparkline.ts'
import {
  initial,
  mostRates,
  press,
  refreshed,
  selectedAt,
  sorted,
  type TopState,
} from '../../../src/client/top/state.ts'
import { paintWith } from '../../../src/client/world.ts'
import { statusWith, workerWith } from '../../support/fake-status.ts'

const workers = [1, 2, 3, 4, 5].map((age) =>
  workerWith({ age, pid: 100 + age, requests: age === 3 ? 900 : age, rss: age === 2 ? null : age }),
)
const state = initial(statusWith({ workers }))
const pressed = (from: TopState, ...keys: readonly string[]) =>
  keys.reduce((now, key) => press(now, key, 10).state, from)
const ages = (from: TopState) => sorted(from).map(({ age }) => age)
const screen = { columns: 120, rows: 24, paint: paintWith(false), now: 0 }

describe('keys', () => {
  test('of a terminal are told apart, also several at once', () => {
    expect(keysIn('j\x1b[A\x1b[5~q')).toEqual(['down', 'up', 'page-up', 'back'])
    expect(keysIn('\x1b')).toEqual(['back'])
    expect(keysIn('\x03')).toEqual(['interrupt'])
    expect(keysIn('xyz\x1b[99~')).toEqual([])
  })

  test('the selection follows the worker, not the line', () => {
    const second = pressed(state, 'down')
    expect(second.selected).toBe(2)
    const fewer = refreshed(second, statusWith({ workers: workers.slice(1) }))
    expect([fewer.selected, selectedAt(fewer)]).toEqual([2, 0])
    const without = refreshed(second, statusWith({ workers: workers.slice(2) }))
    expect(selectedAt(without)).toBe(0)
  })

  test('the selection stays within the table', () => {
    expect(selectedAt(pressed(state, 'up'))).toBe(0)
    expect(selectedAt(pressed(state, 'end', 'down'))).toBe(4)
  })

  test('sorting begins with the largest; what is not known is last either way', () => {
    const byRequests: TopState = { ...state, sort: { by: 'requests', descending: true } }
    expect(ages(byRequests)[0]).toBe(3)
    const byMemory: TopState = { ...state, sort: { by: 'rss', descending: true } }
    expect([ages(byMemory), ages(pressed(byMemory, 'invert'))]).toEqual([
      [5, 4, 3, 1, 2],
      [1, 3, 4, 5, 2],
    ])
    expect(pressed(state, 'right', 'left').sort.by).toBe('worker')
    expect(pressed(state, 'left').sort.by).toBe('exit')
  })

  test('orders are for the selected worker', () => {
    expect(press(pressed(state, 'down', 'down'), 'drain', 10).task).toEqual({ do: 'drain', pid: 103 })
    expect(press(state, 'restart', 10).task).toEqual({ do: 'restart', pid: 101 })
    const unborn = initial(statusWith({ workers: [workerWith({ pid: null })] }))
    expect(press(unborn, 'drain', 10)).toMatchObject({
      state: { message: expect.stringMatching(/No worker/) },
    })
    expect(press(initial(statusWith({ workers: [] })), 'stack', 10).task).toBeUndefined()
  })

  test('a text scrolls within its lines, and q leaves it before it leaves the program', () => {
    const lines = Array.from({ length: 25 }, (_, at) => `l${at}`)
    const over: TopState = { ...state, view: { show: 'text', title: 't', lines, top: 0 } }
    const topOf = ({ view }: TopState) => (view.show === 'text' ? view.top : -1)
    expect(topOf(pressed(over, 'up'))).toBe(0)
    expect(topOf(pressed(over, 'page-down'))).toBe(10)
    expect(topOf(pressed(over, 'end', 'down'))).toBe(15)
    expect(pressed(over, 'back').view.show).toBe('workers')
    expect(press(over, 'back', 10).task).toBeUndefined()
    expect(press(state, 'back', 10).task).toEqual({ do: 'quit' })
  })
})

describe('the screen', () => {
  test('has the head, the rate, the table with the selected line marked, and the keys', () => {
    const lines = render(pressed(state, 'down'), screen)
    expect(lines).toHaveLength(24)
    expect(lines[0]).toMatch(/^shop {2}running/)
    expect(lines.join('\n')).toMatch(/124 requests\/s +█/)
    expect(lines.find((line) => line.includes('WORKER'))).toContain('WORKER▲')
    expect(lines.find((line) => line.startsWith('>'))).toContain(' 102 ')
    expect(lines.at(-1)).toMatch(/q quit {2}\? help/)
  })

  test('the selected worker is always shown, however low the terminal is', () => {
    const many = Array.from({ length: 50 }, (_, at) => workerWith({ age: at + 1, pid: 1000 + at }))
    const last = pressed(initial(statusWith({ workers: many })), 'end')
    const lines = render(last, { ...screen, rows: 12 })
    expect(lines).toHaveLength(12)
    expect(lines.find((line) => line.startsWith('>'))).toContain(' 1049 ')
  })

  test('it fills any terminal exactly and never more', () => {
    const views: readonly TopState[] = [
      state,
      { ...state, view: { show: 'help' } },
      { ...state, view: { show: 'text', title: 'stack', lines: ['x'.repeat(300), 'y'], top: 0 } },
      { ...state, message: 'z'.repeat(300) },
    ]
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 200 }),
        fc.integer({ min: 2, max: 60 }),
        fc.constantFrom(...views),
        (columns, rows, view) => {
          const lines = render(view, { ...screen, columns, rows })
          expect(lines).toHaveLength(rows)
          for (const line of lines) expect(widthOf(line)).toBeLessThanOrEqual(Math.max(columns, 18))
        },
      ),
    )
  })

  test('rates are kept for a while, and drawn to their largest', () => {
    let now = state
    for (let at = 0; at < mostRates + 5; at++) now = refreshed(now, statusWith())
    expect(now.rates).toHaveLength(mostRates)
    expect(sparkline([0, 1, 2, 4], 10)).toBe('▁▃▅█')
    expect(sparkline([1, 2, 3], 2)).toBe('▆█')
    expect(sparkline([0, 0], 5)).toBe('▁▁')
    expect(sparkline([1], 0)).toBe('')
  })
})
