/** What a worker answers when it is asked, and the files that it writes. */
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { InflightRequest } from '../../../src/http/engine.ts'
import { mostSaid, type ToMaster } from '../../../src/ipc/messages.ts'
import { Asked } from '../../../src/worker/asked.ts'
import type { Served } from '../../../src/worker/boot.ts'
import { eventually } from '../../support/eventually.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tsg-asked-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const asking = (inflight: readonly InflightRequest[] = []) => {
  const told: ToMaster[] = []
  const engine = { inflight: () => [...inflight] } as unknown as Served['engine']
  const asked = new Asked({
    served: () => ({ engine }),
    tell: async (message) => void told.push(message),
  })
  return { asked, told }
}

const request = { method: 'GET', target: '/', ageMs: 1, remoteAddress: '', responding: false }

test('requests in hand are told, each cut and all bounded', async () => {
  const long = { ...request, target: `/${'x'.repeat(5000)}`, responding: true }
  const { asked, told } = asking([long, ...Array.from({ length: 2000 }, () => request)])
  asked.ask(7, { what: 'requests' })
  await eventually(() => told.length === 1)
  const [message] = told
  if (message?.type !== 'answer' || message.answer.what !== 'requests') throw new Error('no requests')
  const { requests } = message.answer
  expect(message.id).toBe(7)
  expect(requests).toHaveLength(mostSaid.requests)
  expect(requests[0]).toMatchObject({ worker: process.pid, phase: 'responding' })
  expect(requests[0]?.path).toHaveLength(mostSaid.path)
})

test('a profile of the processor is for its owner alone, and can be read', async () => {
  const { asked, told } = asking()
  const file = join(folder, 'a.cpuprofile')
  asked.ask(1, { what: 'cpu', seconds: 0.1, file })
  await eventually(() => told.length === 1)
  expect(told).toEqual([{ type: 'answer', id: 1, answer: { what: 'cpu', note: null } }])
  expect(statSync(file).mode & 0o777).toBe(0o600)
  expect(JSON.parse(readFileSync(file, 'utf8'))).toHaveProperty('samples')
})

test('a file that is there is never written to', async () => {
  const { asked, told } = asking()
  const file = join(folder, 'precious')
  writeFileSync(file, 'mine')
  asked.ask(1, { what: 'cpu', seconds: 0.1, file })
  asked.ask(2, { what: 'heap', file })
  await asked.writeHeap()
  await eventually(() => told.length === 2)
  for (const message of told)
    expect(message).toMatchObject({ answer: { what: 'failed', message: expect.stringMatching(/EEXIST/) } })
  expect(readFileSync(file, 'utf8')).toBe('mine')
})

test('a heap waits for the drain, and for no longer than it is told; without one a drain is as long as it is', async () => {
  const { asked } = asking()
  const never = new Promise<void>(() => undefined)
  asked.ask(1, { what: 'heap', file: join(folder, 'a.heapsnapshot') })
  await asked.within(never, 1)
  expect(existsSync(join(folder, 'a.heapsnapshot'))).toBe(false)
  let drained = false
  await asking().asked.within(
    Promise.resolve().then(() => {
      drained = true
    }),
    0,
  )
  expect(drained).toBe(true)
})
