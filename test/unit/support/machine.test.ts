import { createServer } from 'node:net'
import { expect, test } from 'vitest'
import { freePort } from '../../support/machine.ts'

test('a port is given away once, and can be listened on', async () => {
  const ports = await Promise.all(Array.from({ length: 400 }, freePort))
  expect(new Set(ports).size).toBe(ports.length)
  const server = createServer()
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(ports[0], '127.0.0.1', resolve)
  })
  server.close()
})
