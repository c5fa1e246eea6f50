import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { IdleWatch } from '../../../src/app/idle.ts'

let alive: string[]
let stop: AbortController
const { dlopen } = process
beforeEach(() => {
  alive = ['PipeWrap', 'Timeout']
  stop = new AbortController()
  vi.useFakeTimers()
  vi.spyOn(process, 'getActiveResourcesInfo').mockImplementation(() => alive)
})
afterEach(() => {
  stop.abort()
  process.dlopen = dlopen
  vi.useRealTimers()
  vi.restoreAllMocks()
})

const watch = () => {
  const idle = vi.fn()
  const watching = new IdleWatch()
  void watching.idle(stop.signal).then(idle)
  return idle
}

test('a program that left nothing behind is idle, whatever the worker keeps', async () => {
  const idle = watch()
  await vi.advanceTimersByTimeAsync(1000)
  expect(idle).not.toHaveBeenCalled()
  await vi.advanceTimersByTimeAsync(1500)
  expect(idle).toHaveBeenCalledOnce()
})

test('a timer more than before is work', async () => {
  const idle = watch()
  alive = ['PipeWrap', 'Timeout', 'Timeout']
  await vi.advanceTimersByTimeAsync(60_000)
  expect(idle).not.toHaveBeenCalled()
  alive = ['PipeWrap', 'Timeout']
  await vi.advanceTimersByTimeAsync(2500)
  expect(idle).toHaveBeenCalledOnce()
})

test('moments of rest between steps do not add up', async () => {
  const idle = watch()
  for (let step = 0; step < 20; step += 1) {
    alive = ['PipeWrap', 'Timeout', 'TCPSocketWrap']
    await vi.advanceTimersByTimeAsync(100)
    alive = ['PipeWrap', 'Timeout']
    await vi.advanceTimersByTimeAsync(1000)
  }
  expect(idle).not.toHaveBeenCalled()
})

test('with a native addon loaded, whose work cannot be seen, nothing is told', async () => {
  const idle = watch()
  expect(() => process.dlopen({ exports: {} }, '/nowhere/addon.node')).toThrow()
  await vi.advanceTimersByTimeAsync(60_000)
  expect(idle).not.toHaveBeenCalled()
})

test('a loop that drains says so at once', async () => {
  const idle = watch()
  process.emit('beforeExit', 0)
  await vi.advanceTimersByTimeAsync(0)
  expect(idle).toHaveBeenCalledOnce()
})
