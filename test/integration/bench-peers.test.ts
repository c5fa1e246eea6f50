/** What `npm run bench:failure` does to a server, with tsgunicorn: each deed ends when it is done, and nothing stays. */
import { existsSync } from 'node:fs'
import { expect, onTestFinished, test } from 'vitest'
import type { Scenario } from '../../bench/failure-scenarios.ts'
import { peerNames } from '../../bench/peer-names.ts'
import { type RunningPeer, startPeer } from '../../bench/peer-run.ts'
import { type Peer, peers } from '../../bench/peers.ts'
import { isAlive } from '../support/processes.ts'

const world = {
  node: process.execPath,
  python: undefined,
  whyNoPython: 'not needed here',
  pm2: { why: 'not needed here' },
}

const peer = (name: string): Peer => {
  const found = peers.find((each) => each.name === name)
  if (found === undefined) throw new Error(`no peer is called ${name}`)
  return found
}

const perform = async (who: Peer, scenario: Scenario, server: RunningPeer): Promise<void> => {
  const deed = who.deeds[scenario]
  if (typeof deed !== 'function') throw new Error(deed.cannot)
  await deed(server)
}

const started = async (who: Peer, scenario?: Scenario): Promise<RunningPeer> => {
  const server = await startPeer(
    { ...who, workers: 2 },
    { world, ...(scenario === undefined ? {} : { scenario }) },
  )
  onTestFinished(server.stop)
  return server
}

test('tsgunicorn is reloaded, resized, killed in part and upgraded, and leaves nothing', async () => {
  const who = peer(peerNames.node)
  const server = await started(who)
  const seen = [...server.workers()]
  const master = server.master()
  for (const scenario of ['reload', 'resize', 'kill'] as const) {
    await perform(who, scenario, server)
    expect(server.workers()).toHaveLength(2)
    expect(server.workers()).not.toEqual(seen)
    seen.push(...server.workers())
  }
  expect(server.master()).toBe(master)
  await perform(who, 'upgrade', server)
  expect(server.master()).not.toBe(master)
  expect(server.workers()).toHaveLength(2)
  await server.stop()
  expect(server.all()).toEqual([])
  expect(existsSync(server.folder)).toBe(false)
})

test('a blocked worker of tsgunicorn is replaced', async () => {
  const who = peer(peerNames.node)
  const server = await started(who, 'hang')
  const before = server.workers()
  await perform(who, 'hang', server)
  expect(before.filter(isAlive)).toHaveLength(1)
})

test('the hand-written rolling restart of node:cluster replaces all workers', async () => {
  const who = peer(peerNames.cluster)
  const server = await started(who)
  const before = server.workers()
  await perform(who, 'reload', server)
  expect(server.workers()).toHaveLength(2)
  expect(before.filter(isAlive)).toEqual([])
})
