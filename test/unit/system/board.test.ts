import { spawnSync } from 'node:child_process'
import { mkdtempSync, openSync, readdirSync, readSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { placeOf, settle } from '../../../src/metrics/slot.ts'
import { createBoard } from '../../../src/system/board.ts'
import { type Beat, decodeBeat, encodeBeat, slotPhases } from '../../../src/system/board-format.ts'
import { openSlot } from '../../../src/system/board-slot.ts'

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
  const board = createBoard({ directory })
  expect(readdirSync(directory)).toEqual([])
  const values: Beat = { beat: 12.5, pid: 7, connections: 3, requests: 9, rss: 1e9, phase: 'ready' }
  openSlot(board.fd, board.index(5)).beat(values)
  expect(board.read(5)).toEqual(values)
  expect(board.read(4)).toEqual(nothing)
  expect(board.read(500)).toEqual(nothing)
  // The child marks slot 4 as pid 77, at its offset, with the inherited descriptor.
  const code = "const b=Buffer.alloc(4);b.writeUInt32LE(77);require('fs').writeSync(3,b,0,4,4096+8*512+28)"
  spawnSync(process.execPath, ['-e', code], { stdio: ['ignore', 'inherit', 'inherit', board.fd] })
  expect(board.read(4).pid).toBe(77)
  expect(board.read(5)).toEqual(values)
  board.clear(5)
  expect(board.read(5)).toEqual(nothing)
  board.close()
  rmSync(directory, { recursive: true })
})

test('a directory that cannot be used is named', () => {
  expect(() => createBoard({ directory: '/no/such/directory' })).toThrow(
    /worker_tmp_dir: .*\/no\/such\/directory/,
  )
})

const [begun, finished, lost] = [placeOf('begun'), placeOf('finished'), placeOf('lost')]
/** No process has this pid: it is beyond the largest of Linux. */
const dead = 2 ** 22 + 1

/** A worker at a physical index: what it has counted is in the board when `count` returns. */
const workerAt = (fd: number, index: number, pid = process.pid) => {
  const slot = openSlot(fd, index)
  slot.beat({ beat: 1, pid, connections: 0, requests: 0, rss: 1, phase: 'ready' })
  return (began: number, ended: number) => {
    slot.numbers[begun] = (slot.numbers[begun] ?? 0) + began
    slot.numbers[finished] = (slot.numbers[finished] ?? 0) + ended
    slot.write()
  }
}

test('what a worker has counted stays in the totals when its slot is given to the next', () => {
  const board = createBoard({ settle })
  workerAt(board.fd, board.index(0))(7, 5)
  workerAt(board.fd, board.index(3))(2, 2)
  expect(board.numbers(0)[begun]).toBe(7)
  expect([...board.totals()].slice(0, 2)).toEqual([9, 7])
  board.clear(0)
  expect(board.read(0)).toEqual(nothing)
  expect(board.numbers(0)[begun]).toBe(0)
  workerAt(board.fd, board.index(0))(1, 0)
  const totals = board.totals()
  // Two were in the hands of the first when it ended, one is in those of the second.
  expect([totals[begun], totals[finished], totals[lost]]).toEqual([10, 9, 2])
  board.close()
})

test('gauges of workers never come into what the master itself counts', () => {
  const board = createBoard({ settle })
  const slot = openSlot(board.fd, board.index(0))
  slot.numbers.fill(3)
  slot.write()
  board.count(41)
  board.count(55, 2)
  board.clear(0)
  expect([...board.totals()].slice(38)).toEqual([3, 3, 0, 1, ...new Array(13).fill(0), 2])
  board.close()
})

test('the other master of an upgrade reads the same totals, and takes the other side', () => {
  const old = createBoard({ settle })
  workerAt(old.fd, old.index(0))(5, 4)
  const challenger = createBoard({ settle, inherited: { fd: old.fd, side: 1 } })
  expect(challenger.index(0)).toBe(1)
  workerAt(old.fd, challenger.index(0))(1, 1)
  challenger.count(40)
  for (const board of [old, challenger]) {
    expect([...board.totals()].slice(0, 2)).toEqual([6, 5])
    expect(board.totals()[40]).toBe(1)
  }
  old.clear(0)
  expect(challenger.totals()[begun]).toBe(6)
  old.close()
})

test('who died with the other master is counted as lost, and who lives keeps its slot', () => {
  const old = createBoard({ settle })
  workerAt(old.fd, old.index(0), dead)(5, 3)
  const orphan = workerAt(old.fd, old.index(1))
  orphan(4, 3)
  const challenger = createBoard({ settle, inherited: { fd: old.fd, side: 1 } })
  const seen = challenger.totals()
  expect([seen[begun], seen[finished], seen[lost]]).toEqual([9, 8, 2])
  // Backed out, or promoted and upgraded once more: somebody takes the first side again.
  const next = createBoard({ settle, inherited: { fd: old.fd, side: 0 } })
  expect([next.index(0), next.index(1)]).toEqual([0, 4])
  next.clear(0)
  next.clear(1)
  orphan(0, 1)
  const totals = next.totals()
  expect([totals[begun], totals[finished], totals[lost]]).toEqual([9, 9, 2])
  old.close()
})

test('a master that dies between the archive and the slot has counted it once', () => {
  const old = createBoard({ settle })
  const count = workerAt(old.fd, 0, dead)
  count(5, 5)
  const slot = Buffer.alloc(512)
  readSync(old.fd, slot, 0, 512, 4096)
  old.absorb(0)
  // As it was in between: the slot is still full, and the archive, written before, says so.
  writeSync(old.fd, slot, 0, 512, 4096)
  const mark = Buffer.from(new Float64Array([1]).buffer)
  writeSync(old.fd, mark, 0, 8, 1024)
  const other = createBoard({ settle, inherited: { fd: old.fd, side: 1 } })
  expect(other.totals()[begun]).toBe(5)
  const next = createBoard({ settle, inherited: { fd: old.fd, side: 0 } })
  expect(next.totals()[begun]).toBe(5)
  workerAt(old.fd, next.index(0))(1, 1)
  expect(next.totals()[begun]).toBe(6)
  old.close()
})

test('a descriptor that is no board, or one of another version, is left alone', () => {
  const board = createBoard()
  writeSync(board.fd, Buffer.from([3]), 0, 1, 4)
  for (const fd of [board.fd, openSync('/dev/null', 'r'), 987]) {
    const own = createBoard({ inherited: { fd, side: 1 } })
    expect([own.fd === fd, own.side]).toEqual([false, 0])
    own.close()
  }
  board.close()
})

type Step = { readonly who: number; readonly did: 'begin' | 'end' | 'die' | 'upgrade' | 'kill' | 'promote' }
const step: fc.Arbitrary<Step> = fc.record({
  who: fc.nat({ max: 3 }),
  did: fc.constantFrom('begin', 'begin', 'end', 'end', 'die', 'upgrade', 'kill', 'promote'),
})

test('totals never go backwards and lose nothing, whoever dies, is replaced, upgrades or backs out', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const first = createBoard({ settle })
      const masters = [first]
      const spawn = (board: typeof first, slot: number) => {
        board.clear(slot)
        return workerAt(board.fd, board.index(slot))
      }
      const crews = [[spawn(first, 0), spawn(first, 1)]]
      let [began, ended] = [0, 0]
      let before = first.totals()
      for (const { who, did } of steps) {
        const at = who % masters.length
        const [board, crew] = [masters[at], crews[at]]
        if (!board || !crew) throw new Error('a master has a crew')
        const slot = who % 2
        if (did === 'begin') {
          crew[slot]?.(1, 0)
          began += 1
        } else if (
          did === 'end' &&
          (board.numbers(slot)[begun] ?? 0) > (board.numbers(slot)[finished] ?? 0)
        ) {
          crew[slot]?.(0, 1)
          ended += 1
        } else if (did === 'die') {
          board.absorb(slot)
          crew[slot] = spawn(board, slot)
        } else if (did === 'upgrade' && masters.length === 1) {
          const next = createBoard({ settle, inherited: { fd: first.fd, side: board.side === 0 ? 1 : 0 } })
          masters.push(next)
          crews.push([spawn(next, 0), spawn(next, 1)])
        } else if ((did === 'kill' || did === 'promote') && masters.length === 2) {
          // The new one, or the old one, is gone with its workers, and nobody has tidied up behind it.
          const gone = did === 'kill' ? 1 : 0
          const [killed] = masters.splice(gone, 1)
          crews.splice(gone, 1)
          for (const index of [0, 1]) if (killed) workerAt(killed.fd, killed.index(index), dead)
        }
        const now = masters[0]?.totals() ?? before
        expect(masters.map((one) => [...one.totals()])).toEqual(masters.map(() => [...now]))
        for (const place of [begun, finished, lost])
          expect(now[place]).toBeGreaterThanOrEqual(before[place] ?? 0)
        expect(now[begun]).toBe(began)
        expect((now[finished] ?? 0) - (now[lost] ?? 0)).toBe(ended)
        before = now
      }
      first.close()
    }),
    { numRuns: 60 },
  )
})

test('numbers of a mapped slot are in the board at once, and those before it stay', () => {
  const board = createBoard({ settle })
  const slot = openSlot(board.fd, board.index(9))
  slot.numbers[begun] = 5
  const mapped = slot.map()
  // An optional dependency calls mmap(2).
  if (mapped === undefined) return void board.close()
  expect(board.numbers(9)[begun]).toBe(5)
  mapped[begun] = 6.5
  expect(board.numbers(9)[begun]).toBe(6.5)
  board.clear(9)
  expect([mapped[begun], board.totals()[begun]]).toEqual([0, 6.5])
  board.close()
})
