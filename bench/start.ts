/**
 * What it costs to start, to replace a worker, and to do nothing, each against bare node. Run it on a quiet
 * machine: `npm run bench:start [rounds]`. Contestants take turns, medians are compared.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { eventually } from '../test/support/eventually.ts'
import { childrenOf, isAlive } from '../test/support/processes.ts'
import { type Contestant, hello, memoryOf, startContestant, wakeUpsOf } from './measure.ts'
import { median, spread } from './statistics.ts'

const rounds = Number(process.argv[2] ?? 11)
const idleSeconds = 20

/** Milliseconds from the command to the first answer. */
const timeStart = async (who: Contestant): Promise<number> => {
  const running = await startContestant(who)
  await running.stop()
  return running.startedIn
}

/** Milliseconds from the only worker's death to an answer of its successor. */
const timeReplacement = async (who: Contestant): Promise<number> => {
  const running = await startContestant(who)
  const worker = childrenOf(running.pid).find(({ command }) => command.includes('worker'))
  if (worker === undefined) throw new Error('no worker found')
  // One that dies within a second of being ready counts as one that did not boot, and its successor waits 0.1 s.
  await pause(1200)
  process.kill(worker.pid, 'SIGKILL')
  await eventually(() => !isAlive(worker.pid), { every: 1 })
  const began = performance.now()
  // It waits in the kernel's queue until the successor accepts.
  await hello(running.port)
  const time = performance.now() - began
  await running.stop()
  return time
}

const idleCost = async (who: Contestant) => {
  const running = await startContestant(who)
  // The first seconds hold compilation and garbage collection of the start.
  await pause(3000)
  const before = wakeUpsOf(running.pid)
  await pause(idleSeconds * 1000)
  const wakeUps = wakeUpsOf(running.pid) - before
  const memory = memoryOf(running.pid)
  await running.stop()
  return { wakeUps, ...memory }
}

const servers = ['tsgunicorn', 'fetch'] as const satisfies readonly Contestant[]
const bare: number[] = []
const whole: Record<(typeof servers)[number], number[]> = { tsgunicorn: [], fetch: [] }
const replaced: Record<(typeof servers)[number], number[]> = { tsgunicorn: [], fetch: [] }
for (let round = 0; round < rounds; round++) {
  bare.push(await timeStart('bare'))
  for (const who of servers) {
    whole[who].push(await timeStart(who))
    replaced[who].push(await timeReplacement(who))
  }
}
const against = (values: readonly number[]) => `${(median(values) / median(bare)).toFixed(2)} times bare node`
console.log(`node ${process.version}, ${rounds} rounds, milliseconds: median (least to most)`)
console.log(`bare node, command to first answer     ${spread(bare)}`)
for (const who of servers) {
  console.log(`${who === 'fetch' ? 'a fetch' : 'a node-style'} application:`)
  console.log(`  command to first answer              ${spread(whole[who])}   ${against(whole[who])}`)
  console.log(`  worker's death to successor's answer ${spread(replaced[who])}   ${against(replaced[who])}`)
}

const megabytes = (bytes: number) => `${(bytes / 1_048_576).toFixed(1)} MB`
for (const who of ['bare', 'tsgunicorn'] as const) {
  const { wakeUps, rss, own } = await idleCost(who)
  const name = who === 'bare' ? 'bare node, idle' : 'master, idle'
  console.log(
    `${name}: ${megabytes(rss)} resident, ${megabytes(own)} of its own, ${(wakeUps / idleSeconds).toFixed(1)} wake-ups/s`,
  )
}
