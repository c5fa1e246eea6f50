import { expect, test } from 'vitest'
import { frameAt, lineOfKey, nearestName, shown } from '../../../src/config/words.ts'

test.each([
  [4, '4'],
  ['x', "'x'"],
  [undefined, 'undefined'],
  [null, 'null'],
  [['a', 1], '["a",1]'],
  [() => 1, '[function]'],
  [10n, '10'],
  [{ n: 10n }, '[object]'],
  ['y'.repeat(100), `'${'y'.repeat(56)}...`],
])('a value is shown: %#', (value, text) => {
  expect(shown(value)).toBe(text)
})

test.each([
  ['export default {\n  workers: 1 }', 2],
  ['export default { a: 1, workers }', 1],
  ['\nexport async function workers() {}', 2],
  ['{\n\n "workers": 1}', 3],
  ['a: 1\nworkers : 2', 2],
  ['// no_workers: 1\nworkers_not: 3', undefined],
])('the line of a key: %j', (source, line) => {
  expect(lineOfKey(source, 'workers')).toBe(line)
})

test('a name is near when few letters differ', async () => {
  const names = ['workers', 'worker_class', 'bind']
  expect(await nearestName('wrokers', names)).toBe('workers')
  expect(await nearestName('workerClass', names)).toBe('worker_class')
  expect(await nearestName('elephant', names)).toBeUndefined()
  expect(await nearestName('workers', [])).toBeUndefined()
})

test('a frame shows the line and marks the character', () => {
  expect(frameAt('ab\ncde\nf', 4)).toBe('> 2 | cde\n       ^')
})
