import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  type Beat,
  createBoard,
  decodeBeat,
  encodeBeat,
  openSlot,
  slotPhases,
} from '../../../src/system/board.ts'

const nothing: Beat = { beat: 0, pid: 0, connections: 0, requests: 0, rss: 0, phase: 'empty' }

const beat = fc.record({
  beat: fc.double({ min: 0, max: 1e12, noNaN: true }),
  pid: fc.integer({ min: 1, max: 4194304 }),
  connections: fc.nat(),
  requests: fc.maxSafeNat(),
  rss: fc.maxSafeNat(),
  phase: fc.constantFrom(...slotPhases),
})

test('what is written into a slot is read from it', () => {
  fc.assert(
    fc.property(beat, (values) => {
      const view = new DataView(new ArrayBuffer(64))
      encodeBeat(values, view)
      expect(decodeBeat(view)).toEqual({ ...values, whole: true })
    }),
  )
})

test('a read that has half of a write is known by its two beats, and the later counts', () => {
  fc.assert(
    fc.property(beat, beat, fc.integer({ min: 8, max: 56 }), (first, second, cut) => {
      fc.pre(first.beat < second.beat)
      const [old, torn] = [new DataView(new ArrayBuffer(64)), new DataView(new ArrayBuffer(64))]
      encodeBeat(first, old)
      encodeBeat(second, torn)
      for (let at = cut; at < 64; at++) torn.setUint8(at, old.getUint8(at))
      expect(decodeBeat(torn)).toMatchObject({ beat: second.beat, whole: false })
    }),
  )
})

test('the board has no name, and slots are written through the descriptor, by other processes too', () => {
  const directory = mkdtempSync(join(tmpdir(), 'tsg-board-'))
  const board = createBoard(directory)
  expect(readdirSync(directory)).toEqual([])
  const values: Beat = { beat: 12.5, pid: 7, connections: 3, requests: 9, rss: 1e9, phase: 'ready' }
  openSlot(board.fd, 5).beat(values)
  expect(board.read(5)).toEqual(values)
  expect(board.read(4)).toEqual(nothing)
  expect(board.read(500)).toEqual(nothing)
  // The child marks slot 4 as pid 77, at its offset, with the inherited descriptor.
  const code = "const b=Buffer.alloc(4);b.writeUInt32LE(77);require('fs').writeSync(3,b,0,4,4*64+28)"
  spawnSync(process.execPath, ['-e', code], { stdio: ['ignore', 'inherit', 'inherit', board.fd] })
  expect(board.read(4).pid).toBe(77)
  expect(board.read(5)).toEqual(values)
  board.clear(5)
  expect(board.read(5)).toEqual(nothing)
  board.close()
  rmSync(directory, { recursive: true })
})

test('a directory that cannot be used is named', () => {
  expect(() => createBoard('/no/such/directory')).toThrow(/worker_tmp_dir: .*\/no\/such\/directory/)
})
