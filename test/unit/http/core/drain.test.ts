/** What is the core's own; the stories of both engines are in ../drain.test.ts. */
import { describe, expect, test } from 'vitest'
import { connect, get, until } from '../harness.ts'
import { hello, plain, serveCore, waiting } from './harness.ts'

const idle = { emptyAcceptQueue: false, idleMs: 5000 }

describe('a draining core', () => {
  test('answers all pipelined requests, also those that come meanwhile; only the last says close', async () => {
    const { consumer, begun } = waiting()
    const { port, engine } = await serveCore(consumer)
    const client = await connect(port)
    client.send(get('/1') + get('/2'))
    await until(() => begun.length === 1)
    const drained = engine.drain(idle)
    client.send(get('/3'))
    await new Promise((resolve) => setTimeout(resolve, 20))
    for (const index of [0, 1, 2]) {
      await until(() => begun.length > index)
      begun[index]?.respond(200, '', plain, `answer ${index}`)
    }
    const text = await client.end()
    await drained
    expect(text.match(/answer \d|(?<=connection: )\S+/gi)).toEqual([
      'keep-alive',
      'answer 0',
      'keep-alive',
      'answer 1',
      'close',
      'answer 2',
    ])
  })

  test('waits for what the application does beside its answers', async () => {
    let settle = (): void => undefined
    const settled = new Promise<void>((resolve) => {
      settle = resolve
    })
    const options = { settled: () => settled }
    const { engine } = await serveCore(hello, {}, options)
    let done = false
    const drained = engine.drain({ emptyAcceptQueue: false, idleMs: 10 }).then(() => {
      done = true
    })
    await new Promise((resolve) => setTimeout(resolve, 30))
    expect(done).toBe(false)
    settle()
    await drained
  })
})
