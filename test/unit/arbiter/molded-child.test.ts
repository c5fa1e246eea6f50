/** A worker that a mold forked, as its master hears of it: from itself, and from the mold. */
import { setImmediate } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { MoldedChild } from '../../../src/arbiter/mold.ts'

const observed = () => {
  const heard: string[] = []
  const child = new MoldedChild({
    said: ({ type }) => heard.push(`${type} ${child.pid}`),
    imported: ({ files }) => heard.push(`imported ${files}`),
    garbled: (what) => heard.push(`garbled ${what}`),
    ended: (code) => heard.push(`ended ${code}`),
  })
  return { child, heard }
}

const ready = { type: 'ready', shape: 'wsgi', program: '' } as const

test('what a worker says before its mold has told of it is heard when it is known, in order', async () => {
  const { child, heard } = observed()
  child.imported({ files: ['/app.py'], since: 1 })
  child.heard(ready)
  await setImmediate()
  expect(heard).toEqual([])
  const enrolled = Promise.resolve().then(() => heard.push('enrolled'))
  child.forked(7)
  child.heard({ type: 'recycle', reason: 'hook' })
  await enrolled
  child.ended(0, null)
  await setImmediate()
  expect(heard).toEqual(['enrolled', 'imported /app.py', 'ready 7', 'recycle 7', 'ended 0'])
})

test('later it is heard at once', async () => {
  const { child, heard } = observed()
  child.forked(7)
  await setImmediate()
  child.heard(ready)
  expect(heard).toEqual(['ready 7'])
})
