/** How much of their answers clients may leave lying in a front. */
import { expect, test } from 'vitest'
import { Debt, type Debtor } from '../../../src/front/debt.ts'
import { eventually } from '../../support/eventually.ts'

const slow = (): { phase: Debtor['phase'] } => ({ phase: 'streaming' })

test('what was taken at once is not owed', () => {
  const debt = new Debt(100)
  expect(debt.exceeds({ phase: 'complete' }, 1000, () => undefined)).toBe(false)
  expect(debt.bytes).toBe(0)
})

test('beyond the bound who brings more waits until enough was taken, or went', async () => {
  const debt = new Debt(100)
  const [one, two, three] = [slow(), slow(), slow()]
  const resumed: string[] = []
  expect(debt.exceeds(one, 60, () => resumed.push('one'))).toBe(false)
  expect(debt.exceeds(two, 60, () => resumed.push('two'))).toBe(true)
  expect(debt.exceeds(three, 60, () => resumed.push('three'))).toBe(true)
  one.phase = 'complete'
  await eventually(() => debt.bytes === 120)
  expect(resumed).toEqual([])
  three.phase = 'gone'
  await eventually(() => resumed.length === 2)
  expect(resumed).toEqual(['two', 'three'])
  expect(debt.bytes).toBe(60)
})

test('what was taken meanwhile makes room', () => {
  const debt = new Debt(100)
  const [one, two] = [slow(), slow()]
  expect(debt.exceeds(one, 80, () => undefined)).toBe(false)
  one.phase = 'complete'
  expect(debt.exceeds(two, 80, () => undefined)).toBe(false)
})
