import { expect, test } from 'vitest'
import { start } from '../support/daemon.ts'
import { complaintsIn, fuzz, fuzzApps, impatient } from '../support/fuzz.ts'

test.each(['node', 'fetch'] as const)(
  '%s app: ten seconds of mutated requests neither end the worker nor disturb a healthy client',
  async (kind) => {
    const server = await start({ app: fuzzApps[kind], config: { workers: 1, ...impatient } })
    const workers = await server.hasWorkers(1)
    const outcome = await fuzz({
      port: server.port,
      seed: Date.now() & 0xffff_ffff,
      during: 10_000,
      patience: 12_000,
    })
    console.log(`${kind}: ${JSON.stringify(outcome)}`)
    expect(outcome.inputs).toBeGreaterThan(500)
    expect(server.workerPids()).toEqual(workers)
    expect(complaintsIn(server.log())).toEqual([])
    await server.assertClean({ allows: [/\[WARNING\]/] })
  },
)
