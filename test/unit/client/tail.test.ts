import {
  appendFileSync,
  mkdtempSync,
  renameSync,
  rmSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Tail } from '../../../src/client/logs/tail.ts'

let folder = ''
let file = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tsg-tail-'))
  file = join(folder, 'a.log')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

describe('the last lines', () => {
  test('are as many as are wanted, also of a file larger than a look', () => {
    writeFileSync(file, Array.from({ length: 50_000 }, (_, at) => `line number ${at}\n`).join(''))
    expect(new Tail(file).last(2)).toEqual(['line number 49998', 'line number 49999'])
    expect(new Tail(file).last(20_000)).toHaveLength(20_000)
    expect(new Tail(file).last(0)).toEqual([])
  })

  test('of a short, an empty and an absent file are what is there', () => {
    expect(new Tail(file).last(5)).toEqual([])
    writeFileSync(file, '')
    expect(new Tail(file).last(5)).toEqual([])
    writeFileSync(file, 'a\n\nb\n')
    expect(new Tail(file).last(5)).toEqual(['a', '', 'b'])
  })
})

describe('what is written later', () => {
  test('comes in whole lines, in order', () => {
    writeFileSync(file, 'old\nhal')
    const tail = new Tail(file)
    expect(tail.last(1)).toEqual(['old'])
    appendFileSync(file, 'f')
    expect(tail.more()).toEqual([])
    appendFileSync(file, ' whole\nnext\n')
    expect(tail.more()).toEqual(['half whole', 'next'])
    expect(tail.more()).toEqual([])
  })

  test('a letter that is split between two writes stays whole', () => {
    writeFileSync(file, '')
    const tail = new Tail(file)
    tail.last(0)
    const bytes = Buffer.from('grüße\n')
    appendFileSync(file, bytes.subarray(0, 3))
    expect(tail.more()).toEqual([])
    appendFileSync(file, bytes.subarray(3))
    expect(tail.more()).toEqual(['grüße'])
  })

  test('a file that appears, is renamed away, and comes back is followed', () => {
    const tail = new Tail(file)
    tail.last(5)
    expect(tail.more()).toEqual([])
    writeFileSync(file, 'first\n')
    expect(tail.more()).toEqual(['first'])
    renameSync(file, `${file}.1`)
    appendFileSync(`${file}.1`, 'still the old\n')
    expect(tail.more()).toEqual(['still the old'])
    writeFileSync(file, 'new\n')
    expect(tail.more()).toEqual(['new'])
    unlinkSync(file)
    expect(tail.more()).toEqual([])
  })

  test('a file that is emptied in place begins anew', () => {
    writeFileSync(file, 'one\ntwo\n')
    const tail = new Tail(file)
    tail.last(5)
    truncateSync(file)
    appendFileSync(file, 'a\n')
    expect(tail.more()).toEqual(['a'])
  })
})
