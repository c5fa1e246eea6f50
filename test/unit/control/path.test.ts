import { expect, test } from 'vitest'
import { controlFolder, controlPath } from '../../../src/control/path.ts'

const around = { directory: '/srv/app', runtimeFolder: undefined, temporaryFolder: '/tmp', uid: 1000 }
const instance = { control_socket: undefined, pidfile: undefined, bind: ['127.0.0.1:8000'] }

test('a path that is named is taken as it is, from the working directory on', () => {
  expect(controlPath({ ...instance, control_socket: '/run/x.ctl' }, around)).toBe('/run/x.ctl')
  expect(controlPath({ ...instance, control_socket: 'x.ctl' }, around)).toBe('/srv/app/x.ctl')
})

test('the default lies in the folder of the user, by the address and the working directory', () => {
  expect(controlPath(instance, around)).toMatch(/^\/tmp\/tsgunicorn-1000\/127-0-0-1-8000-[0-9a-z]{8}\.ctl$/)
  expect(controlFolder({ ...around, runtimeFolder: '/run/user/1000' })).toBe('/run/user/1000/tsgunicorn')
  const elsewhere = controlPath(instance, { ...around, directory: '/srv/other' })
  expect(elsewhere).not.toBe(controlPath(instance, around))
  expect(controlPath({ ...instance, bind: [':8001'] }, around)).not.toBe(controlPath(instance, around))
})

test('a pidfile names the instance, wherever it listens', () => {
  const named = { ...instance, pidfile: '/run/shop.pid' }
  expect(controlPath(named, around)).toMatch(/\/shop-[0-9a-z]{8}\.ctl$/)
  expect(controlPath({ ...named, bind: [':9'] }, { ...around, directory: '/' })).toBe(
    controlPath(named, around),
  )
})

test('a long or strange name leaves room in the path of a socket', () => {
  const strange = { ...instance, bind: [`unix:/${'ä/'.repeat(200)}x.sock`] }
  const path = controlPath(strange, around)
  expect(path.length).toBeLessThan(70)
  expect(path).toMatch(/^[\w/.-]+$/)
})
