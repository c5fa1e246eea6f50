import { chmodSync, existsSync, lstatSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ControlClient } from '../../support/control-client.ts'
import { eventually } from '../../support/eventually.ts'
import { scene, settings, temporaryFolder } from './support.ts'

const modeOf = (path: string): number => lstatSync(path).mode & 0o777

test('it opens with its mode, answers, and is gone when it closes', async () => {
  const { control, path, folder, log } = await scene()
  expect(control.path).toBe(path)
  expect(modeOf(path)).toBe(0o600)
  expect(log).toEqual([`info Control socket listening at ${path}`])
  const client = await ControlClient.connect(path)
  expect((await client.send('{"command":"health"}\n').lines())[0]).toMatchObject({ ok: true })
  await control.close()
  expect(control.path).toBeUndefined()
  expect(readdirSync(folder)).toEqual([])
  await client.ended()
})

test('the default folder is ours alone, and goes with its last socket', async () => {
  const { control, folder } = await scene({ config: { control_socket: undefined } })
  const own = join(folder, `tsgunicorn-${process.geteuid?.()}`)
  expect(modeOf(own)).toBe(0o700)
  expect(control.path).toMatch(new RegExp(`^${own}/127-0-0-1-8000-\\w{8}\\.ctl$`))
  await control.close()
  expect(existsSync(own)).toBe(false)
})

test('a folder that is a link, or open to others, is refused or closed to them', async () => {
  const folder = temporaryFolder()
  const own = join(folder, `tsgunicorn-${process.geteuid?.()}`)
  mkdirSync(join(folder, 'elsewhere'))
  symlinkSync('elsewhere', own)
  const linked = await scene({ folder, config: { control_socket: undefined } })
  expect(linked.control.path).toBeUndefined()
  expect(linked.log).toHaveLength(1)
  expect(linked.log[0]).toMatch(/^info The control socket is not open, .* a link or a file/)
  const wide = temporaryFolder()
  const theirs = join(wide, `tsgunicorn-${process.geteuid?.()}`)
  mkdirSync(theirs)
  chmodSync(theirs, 0o777)
  await scene({ folder: wide, config: { control_socket: undefined } })
  expect(modeOf(theirs)).toBe(0o700)
})

test('the socket of a living instance is left to it, that of a dead one is replaced', async () => {
  const first = await scene()
  const second = await scene({ folder: first.folder })
  expect(second.control.path).toBeUndefined()
  expect(second.log[0]).toMatch(/^info The control socket is not open, .*Connection in use/)
  await second.control.close()
  expect(existsSync(first.path)).toBe(true)

  const folder = temporaryFolder()
  const stale = join(folder, 'c.ctl')
  const dead = createServer().listen(stale)
  await eventually(() => existsSync(stale))
  // Closing would remove the file: it is moved away meanwhile, as after a kill.
  const { renameSync } = await import('node:fs')
  renameSync(stale, `${stale}.kept`)
  dead.close()
  renameSync(`${stale}.kept`, stale)
  const third = await scene({ folder })
  expect(third.control.path).toBe(stale)
})

test('a file that is no socket is not removed', async () => {
  const folder = temporaryFolder()
  writeFileSync(join(folder, 'c.ctl'), 'mine')
  const { control, log } = await scene({ folder })
  expect(log[0]).toMatch(/a file that is not a socket/)
  await control.close()
  expect(readdirSync(folder)).toEqual(['c.ctl'])
})

test('a socket that was put in its place is not removed', async () => {
  const { control, path, folder } = await scene()
  const { unlinkSync } = await import('node:fs')
  unlinkSync(path)
  writeFileSync(path, 'somebody else')
  await control.close()
  expect(readdirSync(folder)).toEqual(['c.ctl'])
})

test('a challenger has an ending until it is promoted, and waits for the path to be free', async () => {
  const old = await scene()
  const young = await scene({ folder: old.folder, challenger: true })
  expect(young.control.path).toBe(`${old.path}.2`)
  const promoted = young.control.promote()
  await old.control.close()
  await promoted
  expect(young.control.path).toBe(old.path)
  expect(readdirSync(old.folder)).toEqual(['c.ctl'])
  const client = await ControlClient.connect(old.path)
  expect((await client.send('{"command":"health"}\n').lines())[0]).toMatchObject({ ok: true })
  client.close()
})

test('a socket that takes no orders stands beside it with a mode of its own', async () => {
  const { path, folder, control } = await scene({ config: { control_socket_read_mode: 0o666 } })
  expect(modeOf(`${path}.ro`)).toBe(0o666)
  const client = await ControlClient.connect(`${path}.ro`)
  expect((await client.send('{"command":"stop"}\n').lines())[0]).toMatchObject({
    error: { code: 'forbidden' },
  })
  client.close()
  await control.follow({ ...settings, control_socket_read_mode: 0 })
  expect(readdirSync(folder)).toEqual(['c.ctl'])
})

test('a reload moves it, changes its mode, and closes it; connections stay', async () => {
  const { control, path, folder } = await scene()
  const client = await ControlClient.connect(path)
  await client.send('{"command":"health"}\n').lines()
  await control.follow({ ...settings, control_socket_mode: 0o660 })
  expect(modeOf(path)).toBe(0o660)
  await control.follow({ ...settings, control_socket: 'd.ctl' })
  expect(readdirSync(folder)).toEqual(['d.ctl'])
  await control.follow({ ...settings, control_socket_disable: true })
  expect(readdirSync(folder)).toEqual([])
  expect((await client.send('{"command":"health"}\n').lines())[0]).toMatchObject({ ok: true })
  client.close()
})

test('a path that is too long, or cannot be made, is one line in the log', async () => {
  const long = await scene({ config: { control_socket: `/tmp/${'x'.repeat(200)}` } })
  expect(long.log[0]).toMatch(/may have 107/)
  const wrong = await scene({ config: { control_socket: '/dev/null/x.ctl' } })
  expect(wrong.log).toHaveLength(1)
})
