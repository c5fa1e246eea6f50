import { expect, test } from 'vitest'
import { start } from '../support/daemon.ts'
import { complaintsIn, fuzz, fuzzApps, impatient } from '../support/fuzz.ts'

test.each(['node', 'fetch'] as const)(
  '%s app: ten seconds of mutated requests neither end the worker nor disturb a healthy client',
  async (kind) => {
    const server = await start({ app: fuzzApps[kind], config: { workers: 1, ...impatient } })
    const workers = await server.hasWorkers(1)
    const seed = Date.now() % 1_000_000_007
    const campaign = fuzz({ port: server.port, seed, during: 10_000, patience: 12_000 })
    const outcome = await campaign.catch((cause) => {
      const complaints = complaintsIn(server.log()).slice(-20).join('\n')
      throw new Error(`seed ${seed}: ${cause}\nthe server complains:\n${complaints}`, { cause })
    })
    console.log(`${kind}: ${JSON.stringify(outcome)}`)
    expect(outcome.inputs).toBeGreaterThan(500)
    expect(server.workerPids()).toEqual(workers)
    expect(complaintsIn(server.log())).toEqual([])
    await server.assertClean({ allows: [/\[WARNING\]/] })
  },
)
