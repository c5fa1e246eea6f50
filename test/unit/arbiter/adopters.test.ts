import { describe, expect, test } from 'vitest'
import { adoptersOf, type Host, isPlain } from '../../../src/arbiter/adopters.ts'
import type { Config } from '../../../src/config/config.ts'
import type { Listener } from '../../../src/sockets/listener.ts'
import { Story } from './story.ts'

const cfgWith = (change: Partial<Config> = {}) =>
  ({ proxy_protocol: 'off', sni_certs: {}, ...change }) as unknown as Config
const [first, second] = [{} as Listener, {} as Listener]
const host = (age: number, change: Partial<Host> = {}): Host => ({
  age,
  role: 'worker',
  language: 'javascript',
  listeners: [first],
  cfg: cfgWith(),
  ...change,
})

describe('who may serve on what another worker has accepted', () => {
  const story = () => new Story({ workers: 3 }).serve()

  test('all others that are ready', () => {
    expect(adoptersOf(host(1), [host(1), host(2), host(3)], story().state)).toEqual([2, 3])
  })

  test.each<[string, Host]>([
    ['that does not listen wherever it did', host(2, { listeners: [second] })],
    ['that speaks TLS', host(2, { cfg: cfgWith({ certfile: '/cert.pem' }) })],
    ['that expects a PROXY header', host(2, { cfg: cfgWith({ proxy_protocol: 'v1' as never }) })],
    ['of another role', host(2, { role: 'front' })],
    ['of Python', host(2, { language: 'python' })],
  ])('none %s', (_, other) => {
    expect(adoptersOf(host(1), [other], story().state)).toEqual([])
  })

  test('one that listens on more does', () => {
    expect(adoptersOf(host(1), [host(2, { listeners: [second, first] })], story().state)).toEqual([2])
  })

  test('none that is to be replaced; its successor, once that is ready', () => {
    const told = story().tell({ type: 'recycle', age: 2, reason: 'max_requests' }).spawn()
    const hosts = [host(2), host(3), host(4)]
    expect(told.ages('booting')).toEqual([4])
    expect(adoptersOf(host(1), hosts, told.state)).toEqual([3])
    expect(adoptersOf(host(1), hosts, told.ready(4).state)).toEqual([3, 4])
  })

  test('none of a generation that does not serve yet', () => {
    const told = story().reload().spawn()
    const [newest = 0] = told.ages('booting')
    told.ready(newest)
    expect(told.state.serving?.number).toBe(1)
    expect(adoptersOf(host(1), [host(newest)], told.state)).toEqual([])
  })

  test('nobody, when the master stops', () => {
    expect(adoptersOf(host(1), [host(2)], story().signal('SIGTERM').state)).toEqual([])
  })
})

test('a connection behind TLS or a PROXY header is not plain', () => {
  expect(isPlain(host(1))).toBe(true)
  expect(isPlain(host(1, { cfg: cfgWith({ sni_certs: { a: {} } as never }) }))).toBe(false)
})
