import { existsSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { agentLine, weightOf } from '../../../src/control/agent.ts'
import { createAgentListener } from '../../../src/control/agent-listener.ts'
import { FakeAdministration } from '../../support/fake-administration.ts'
import { logTo, temporaryFolder } from './support.ts'

const well = { ending: false, alive: true, ready: true, why: 'well', load: 0 }

describe('the line', () => {
  test('says up and ready, each time: only so are down and drain undone', () => {
    expect(agentLine(well)).toBe('up ready 100%')
    expect(agentLine({ ...well, load: 0.5 })).toBe('up ready 60%')
  })

  test('says down and why while nobody serves, or nobody beats', () => {
    expect(agentLine({ ...well, ready: false, why: 'no worker is ready' })).toBe('down #no worker is ready')
    const silent = { ...well, alive: false, why: 'no worker has beaten within its timeout' }
    expect(agentLine(silent)).toBe('down #no worker has beaten within its timeout')
  })

  test('says drain when the end was asked for, whatever else is true', () => {
    for (const ready of [true, false])
      for (const alive of [true, false])
        expect(agentLine({ ...well, ending: true, ready, alive })).toBe('drain')
  })

  test('has a weight from 100 to 20, in steps of 5', () => {
    expect([-1, 0, 0.03, 0.04, 0.5, 0.9, 1, 7].map(weightOf)).toEqual([100, 100, 100, 95, 60, 30, 20, 20])
  })
})

const opened = async () => {
  const path = join(temporaryFolder(), 'agent.sock')
  const administration = new FakeAdministration()
  const log: string[] = []
  const listener = createAgentListener({ administration, log: logTo(log) })
  onTestFinished(() => listener.close(false))
  const staged = await listener.stage({ agent_check_bind: `unix:${path}`, umask: 0 })
  staged.commit()
  return { path, administration, log, listener }
}

/** All that comes until the end of the connection. */
const ask = (path: string, said = '') =>
  new Promise<string>((resolve, reject) => {
    let text = ''
    const socket = connect({ path }, () => socket.write(said))
    socket.setEncoding('utf8').on('data', (more: string) => {
      text += more
    })
    socket.on('error', reject).on('end', () => resolve(text))
  })

describe('the listener', () => {
  test('answers one line and ends the connection, whatever was sent', async () => {
    const { path, administration } = await opened()
    expect(await ask(path)).toBe('up ready 100%\n')
    administration.load = 1
    expect(await ask(path, 'app/one\n')).toBe('up ready 20%\n')
    administration.ending = true
    expect(await ask(path, 'x'.repeat(100_000))).toBe('drain\n')
  })

  test('ends a connection that its peer keeps, and answers others meanwhile', async () => {
    const { path } = await opened()
    const lasting = connect({ path, allowHalfOpen: true })
    onTestFinished(() => void lasting.destroy())
    const closed = new Promise((resolve) =>
      lasting
        .resume()
        .once('close', resolve)
        .on('error', () => undefined),
    )
    const trickle = setInterval(() => lasting.write('x'), 100)
    onTestFinished(() => clearInterval(trickle))
    expect(await ask(path)).toBe('up ready 100%\n')
    await closed
  })

  test('tells the log when it cannot answer, and ends the connection without a word', async () => {
    const { path, administration, log } = await opened()
    administration.agent = () => {
      throw new Error('broken')
    }
    expect(await ask(path).catch(() => '')).toBe('')
    expect(log.at(-1)).toMatch(/^error The agent listener could not answer: Error: broken/)
  })

  test('names its own setting when the address cannot be had, and its file goes with it', async () => {
    const { path, log, listener } = await opened()
    expect(log).toEqual([`info Agent checks at unix:${path}`])
    const other = createAgentListener({ administration: new FakeAdministration(), log: logTo([]) })
    await expect(other.stage({ agent_check_bind: `unix:${path}`, umask: 0 })).rejects.toThrow(
      /^agent_check_bind: Connection in use/,
    )
    listener.close(false)
    expect(existsSync(path)).toBe(false)
  })
})
