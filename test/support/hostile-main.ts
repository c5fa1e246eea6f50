/**
 * Hostile or idle clients in a process of their own, so that their work delays no probe. The plan is the one argument
 * (JSON, `HostilePlan`); news go over the IPC channel. It ends when its parent is gone.
 */
import { connect } from 'node:net'
import { commit, type HostileNews, type HostilePlan, offences } from './hostile.ts'

const plan: HostilePlan = JSON.parse(process.argv[2] ?? '{}')
const tell = (news: HostileNews): void => {
  process.send?.(news)
}
process.on('disconnect', () => process.exit(1))

/** Opens one connection, asks once, and stays; resolves when it was answered. */
const idle = (port: number, closed: () => void): Promise<void> =>
  new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n'))
    socket
      .once('data', () => resolve())
      .once('error', reject)
      .once('close', closed)
  })

const beIdle = async (port: number, count: number): Promise<void> => {
  let closed = 0
  // A hundred at a time: a flood of connects is another test.
  for (let opened = 0; opened < count; opened += 100)
    await Promise.all(Array.from({ length: Math.min(100, count - opened) }, () => idle(port, () => closed++)))
  tell({ type: 'idle', open: count - closed })
}

if (plan.idle !== undefined) await beIdle(plan.port, plan.idle)
else {
  const crowd = offences.filter(({ name }) => plan.names === undefined || plan.names.includes(name))
  const all = crowd.flatMap((offence) => Array.from({ length: plan.each }, () => offence))
  tell({
    type: 'ended',
    ended: await Promise.all(all.map((offence) => commit(plan.port, offence, plan.patience))),
  })
}
