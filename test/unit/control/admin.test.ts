import { existsSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { type AdminOptions, createAdminListener } from '../../../src/control/admin.ts'
import { isSame } from '../../../src/control/admin-requests.ts'
import { FakeAdministration } from '../../support/fake-administration.ts'
import { freePort } from '../../support/machine.ts'
import { logTo, temporaryFolder } from './support.ts'

const at = (admin_bind: string | undefined, admin_token: string | undefined = 'secret') => ({
  admin_bind,
  admin_token,
  umask: 0,
})

const listener = (options: Partial<AdminOptions> = {}) => {
  const administration = new FakeAdministration()
  const log: string[] = []
  const admin = createAdminListener({ administration, log: logTo(log), ...options })
  onTestFinished(() => admin.close(false))
  return { admin, administration, log }
}

const opened = async (settings = at('127.0.0.1:0')) => {
  const made = listener()
  const staged = await made.admin.stage(settings)
  staged.commit()
  return made
}

const ask = (
  address: string | undefined,
  path: string,
  { token, method = 'GET', accept = '*/*' }: { token?: string; method?: string; accept?: string } = {},
) =>
  new Promise<{ status: number | undefined; body: string; allow: string | undefined }>((resolve, reject) => {
    const to = address?.startsWith('unix:')
      ? { socketPath: address.slice(5) }
      : { port: Number(new URL(address ?? '').port), host: '127.0.0.1' }
    const headers = { accept, ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) }
    const asked = request({ ...to, path, method, headers, agent: false }, (response) => {
      let body = ''
      response.setEncoding('utf8').on('data', (text: string) => {
        body += text
      })
      response.on('end', () => resolve({ status: response.statusCode, body, allow: response.headers.allow }))
    })
    asked.on('error', reject).end()
  })

test('health is for everybody, in a word or in JSON', async () => {
  const { admin, administration } = await opened()
  expect(await ask(admin.address, '/livez')).toMatchObject({ status: 200, body: 'ok\n' })
  expect(await ask(admin.address, '/readyz', { method: 'HEAD' })).toMatchObject({ status: 200, body: '' })
  administration.healthy = { alive: false, ready: false, why: 'no worker beats' }
  expect(await ask(admin.address, '/livez')).toMatchObject({ status: 503, body: 'no worker beats\n' })
  const json = await ask(admin.address, '/readyz', { accept: 'application/json' })
  expect(JSON.parse(json.body)).toEqual({
    version: 1,
    ok: false,
    alive: false,
    ready: false,
    why: 'no worker beats',
  })
})

test('metrics and status need the token', async () => {
  const { admin } = await opened()
  expect(await ask(admin.address, '/metrics')).toMatchObject({ status: 401 })
  expect(await ask(admin.address, '/status', { token: 'secreT' })).toMatchObject({ status: 401 })
  expect(await ask(admin.address, '/metrics', { token: 'secret' })).toMatchObject({ status: 200 })
  const status = await ask(admin.address, '/status', { token: 'secret' })
  expect(JSON.parse(status.body)).toMatchObject({ version: 1, pid: 999 })
})

test('without admin_token they say what to set', async () => {
  const { admin } = listener()
  const staged = await admin.stage({ ...at('127.0.0.1:0'), admin_token: undefined })
  staged.commit()
  const answer = await ask(admin.address, '/metrics', { token: '' })
  expect(answer).toMatchObject({ status: 403 })
  expect(answer.body).toContain('admin_token')
})

test('who asks while the first generation is still on its way may know the token already', async () => {
  const port = await freePort()
  const staged = await listener().admin.stage(at(`127.0.0.1:${port}`))
  expect(await ask(`http://127.0.0.1:${port}`, '/metrics', { token: 'secret' })).toMatchObject({
    status: 200,
  })
  expect(await ask(`http://127.0.0.1:${port}`, '/metrics', { token: 'other' })).toMatchObject({ status: 401 })
  staged.drop()
})

test('nothing else is there, and nothing can be changed', async () => {
  const { admin } = await opened()
  expect(await ask(admin.address, '/')).toMatchObject({ status: 404 })
  expect(await ask(admin.address, '/constructor')).toMatchObject({ status: 404 })
  expect(await ask(admin.address, '/livez', { method: 'POST' })).toMatchObject({
    status: 405,
    allow: 'GET, HEAD',
  })
})

test('tokens are compared by what they are', () => {
  expect([isSame('a', 'a'), isSame('a', 'b'), isSame('', 'a'), isSame('aa', 'a')]).toEqual([
    true,
    false,
    false,
    false,
  ])
})

test('an address that cannot be had is refused, and what was open stays', async () => {
  const first = await opened()
  const taken = first.admin.address?.replace('http://', '')
  const { admin } = listener()
  await expect(admin.stage(at(taken))).rejects.toThrow(/^admin_bind: Connection in use/)
  await expect(admin.stage(at('nonsense:x'))).rejects.toThrow(/^admin_bind: 'nonsense:x' is not an address/)
  const { admin: other } = await opened()
  const before = other.address
  await expect(other.stage(at(taken))).rejects.toThrow(/in use/)
  expect(other.address).toBe(before)
  expect(await ask(before, '/livez')).toMatchObject({ status: 200 })
})

test('a reload moves it when the new generation serves, and not before', async () => {
  const { admin } = await opened()
  const before = admin.address
  const path = join(temporaryFolder(), 'admin.sock')
  const dropped = await admin.stage(at(`unix:${path}`))
  dropped.drop()
  expect(existsSync(path)).toBe(false)
  const staged = await admin.stage(at(`unix:${path}`, 'other'))
  expect(await ask(before, '/metrics', { token: 'secret' })).toMatchObject({ status: 200 })
  staged.commit()
  expect(await ask(admin.address, '/metrics', { token: 'other' })).toMatchObject({ status: 200 })
  await expect(ask(before, '/livez')).rejects.toThrow()
  const away = await admin.stage(at(undefined))
  away.commit()
  expect(existsSync(path)).toBe(false)
})

test('a new token is in force without moving the address', async () => {
  const { admin } = await opened()
  const before = admin.address
  const staged = await admin.stage(at('127.0.0.1:0', 'fresh'))
  staged.commit()
  expect(admin.address).toBe(before)
  expect(await ask(before, '/metrics', { token: 'secret' })).toMatchObject({ status: 401 })
  expect(await ask(before, '/metrics', { token: 'fresh' })).toMatchObject({ status: 200 })
})

test('an upgrade that is backed out finds it where it was', async () => {
  const path = join(temporaryFolder(), 'admin.sock')
  const { admin } = await opened(at(`unix:${path}`))
  expect(admin.legacy).toEqual({ fd: expect.any(Number), asked: `unix:${path}` })
  admin.pause()
  await expect(ask(`unix:${path}`, '/livez')).rejects.toThrow()
  await admin.resume()
  expect(await ask(`unix:${path}`, '/livez')).toMatchObject({ status: 200 })
})
