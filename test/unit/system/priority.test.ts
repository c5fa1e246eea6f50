import { expect, test } from 'vitest'
import { mayReturnTo } from '../../../src/system/priority.ts'

const status = (capabilities: string) => `Name:\tnode\nCapEff:\t${capabilities}\nCapBnd:\t000001ffffffffff\n`
const limits = (soft: string) =>
  `Limit                     Soft Limit           Hard Limit           Units     \nMax nice priority         ${soft}                    40                   \n`

const none = status('0000000000000000')

test('root has its priority again', () => {
  expect(mayReturnTo(0, status('000001ffffffffff'), limits('0'))).toBe(true)
})

test('root without CAP_SYS_NICE, as in most containers, has not', () => {
  expect(mayReturnTo(0, status('00000000a80425fb'), limits('0'))).toBe(false)
})

test('others have it where RLIMIT_NICE reaches so far: 20 is nice 0, 10 is nice 10', () => {
  expect(mayReturnTo(0, none, limits('20'))).toBe(true)
  expect(mayReturnTo(0, none, limits('19'))).toBe(false)
  expect(mayReturnTo(10, none, limits('10'))).toBe(true)
  expect(mayReturnTo(0, none, limits('unlimited'))).toBe(true)
})

test('nobody has where nothing is told', () => {
  expect(mayReturnTo(0, '', '')).toBe(false)
})
