/** The control socket under fire: the master, its workers and its descriptors are unharmed. */
import { readdirSync } from 'node:fs'
import { connect } from 'node:net'
import { expect, test } from 'vitest'
import { ControlClient } from '../support/control-client.ts'
import { start } from '../support/daemon.ts'
import { eventually } from '../support/eventually.ts'
import { complaintsIn } from '../support/fuzz.ts'
import { fuzzControl } from '../support/fuzz-control.ts'

const descriptorsOf = (pid: number): number => readdirSync(`/proc/${pid}/fd`).length

test('five seconds of mutated requests of all dialects, and a crowd, cost the master nothing', async () => {
  const server = await start({ config: { workers: 1, timeout: 3, control_socket_read_mode: 0o600 } })
  const [, path = ''] = await server.logged(/Control socket listening at (\S+)/)
  const master = server.masterPid()
  const workers = server.workerPids()
  const warm = await ControlClient.connect(path)
  await warm.send('{"command":"status"}\n').lines()
  warm.close()
  await eventually(() => descriptorsOf(master))
  const before = descriptorsOf(master)

  const seed = Date.now() % 1_000_000_007
  const outcome = await fuzzControl({ path, readOnly: `${path}.ro`, seed, during: 5000 })
  console.log(`seed ${seed}: ${JSON.stringify(outcome)}`)
  expect(outcome.inputs).toBeGreaterThan(300)
  expect(outcome.healthy).toBeGreaterThan(2)

  // Silent clients take all places; those who come then are closed at once, and the application is served.
  const crowd = Array.from({ length: 300 }, () => connect(path).on('error', () => undefined))
  await eventually(() => crowd.filter((socket) => socket.destroyed).length >= 236)
  expect(await server.get('/')).toBeDefined()
  for (const socket of crowd) socket.destroy()

  await eventually(() => descriptorsOf(master) <= before, {
    what: () => `${before} descriptors; there are ${descriptorsOf(master)}`,
    within: 20_000,
  })
  expect(server.workerPids()).toEqual(workers)
  expect(complaintsIn(server.log())).toEqual([])
  await server.assertClean()
})
