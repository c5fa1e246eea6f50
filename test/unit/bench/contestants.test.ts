import { expect, test } from 'vitest'
import { contestantsOf } from '../../../bench/contestants.ts'
import { peerNames } from '../../../bench/peer-names.ts'
import { peers } from '../../../bench/peers.ts'

const told = (counts: readonly [number, ...number[]]) =>
  contestantsOf(
    peers.filter(({ name }) => [peerNames.wsgi, peerNames.uwsgi].some((asked) => asked === name)),
    counts,
  ).map(({ name, workers }) => [name, workers])

test('all have the first number of workers', () => {
  expect(told([4])).toEqual([
    ['tsgunicorn, WSGI', 4],
    ['uWSGI', 4],
  ])
})

test('tsgunicorn alone is measured with the other numbers, too, and its name says which', () => {
  expect(told([4, 2, 1])).toEqual([
    ['tsgunicorn, WSGI', 4],
    ['uWSGI', 4],
    ['tsgunicorn, WSGI -w 2', 2],
    ['tsgunicorn, WSGI -w 1', 1],
  ])
})
