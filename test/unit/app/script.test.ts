import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Loader, makeLoader } from './child.ts'

let loader: Loader
beforeAll(async () => {
  loader = await makeLoader()
})
afterAll(() => loader.close())

test('a CommonJS script that listens later is adopted, as the main module and with its arguments', async () => {
  const outcome = await loader.load({ spec: 'script.cjs', args: ['--verbose', 'x'] })
  expect(outcome).toMatchObject({
    kind: 'server',
    shape: 'script',
    body: 'script --verbose,x 3',
    warnings: [],
  })
  expect(outcome.printed).toBe('event true\ncallback 8000 true\n')
})

test('an ES module that awaits its listen is adopted, and is no primary of a cluster', async () => {
  expect(await loader.load({ spec: 'script.mjs' })).toMatchObject({ kind: 'server', body: 'esm false' })
})

test('upgrades come by themselves to an adopted server', async () => {
  expect(await loader.load({ spec: 'script-upgrade.mjs', upgrade: true })).toMatchObject({ status: 101 })
})

test('an adopted server can be closed during a request', async () => {
  expect(await loader.load({ spec: 'script-closes.mjs' })).toMatchObject({
    body: 'closed undefined false null',
  })
})

test('a second listen on the port is a pretence too; a taken port is a warning, not the end', async () => {
  const outcome = await loader.load({ spec: 'script-two.mjs' })
  expect(outcome).toMatchObject({ body: 'first', printed: 'second true true\n' })
  expect(outcome.warnings).toHaveLength(2)
  expect(outcome.warnings.join()).toMatch(/every worker does.*could not listen on port \d+/u)
})

test('fastify, which opens a server for each address of localhost, is adopted', async () => {
  const outcome = await loader.load({ spec: 'script-frameworks.mjs' })
  expect(outcome).toMatchObject({ kind: 'server', body: 'adopted fastify', warnings: [] })
  expect(outcome.printed).toContain('8000')
})

test('a clear-text HTTP/2 server is adopted', async () => {
  const asked = loader.load({ spec: 'h2c.mjs' })
  // The question is asked in HTTP/1, so that the adopted server is known by its refusal.
  await expect(asked).rejects.toThrow(/ECONNRESET|socket hang up|Parse Error/u)
})

test('a server that listens wins over what the module exports', async () => {
  expect(await loader.load({ spec: 'both.mjs' })).toMatchObject({ kind: 'server', body: 'listening' })
})

test.each(['server-later.mjs', 'server-later.mjs:server'])(
  '%s is exported before it listens, and may listen',
  async (spec) => {
    expect(await loader.load({ spec })).toMatchObject({
      kind: 'server',
      body: 'listening 8000',
      warnings: [],
    })
  },
)

test('an application that is named wins over a server that listens and is not its own', async () => {
  expect(await loader.load({ spec: 'metrics.mjs:app' })).toMatchObject({
    kind: 'node',
    body: 'app, metrics true',
  })
})

test('an application named after the server that serves it is that server, for its upgrades', async () => {
  expect(await loader.load({ spec: 'both-same.mjs:app' })).toMatchObject({ kind: 'server', body: 'same' })
})

test('a default export that starts a server is called', async () => {
  expect(await loader.load({ spec: 'starts.mjs' })).toMatchObject({ kind: 'server', body: 'started' })
})

/** `import.meta.main` came with 24.2 and went back into 22.18 (Node's manual, "ECMAScript modules"). */
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
const knowsMain = major > 24 || (major === 24 && minor >= 2) || (major === 22 && minor >= 18)

test.each([
  ['main-only.cjs', 'main'],
  ['main-only.cjs:app', 'exported'],
  ['main-only.mjs:app', `exported ${knowsMain ? 'false' : 'undefined'}`],
])('%s, which listens only as the main module, answers %s', async (spec, body) => {
  expect(await loader.load({ spec })).toMatchObject({ body })
})

test('an ES module that is run as main is evaluated once', async () => {
  expect(await loader.load({ spec: 'main-counts.mjs' })).toMatchObject({
    body: 'exported',
    printed: 'evaluated\n',
  })
})

test('a script that ends without listening is told so at once, not by a timeout', async () => {
  const outcome = await loader.load({ spec: 'silent.mjs' })
  expect(outcome.error).toMatchObject({ code: 'TSG_APP_NO_LISTEN', exit: 3 })
})

test('datagram sockets bind in an application that is no primary', async () => {
  expect(await loader.load({ spec: 'datagram.mjs' })).toMatchObject({ body: 'bound true' })
})

test('--app-type script ignores what is exported', async () => {
  expect(await loader.load({ spec: 'exports-then-listens.mjs', type: 'script' })).toMatchObject({
    body: 'listening',
  })
})

test('a named function that starts a server and returns nothing is waited for', async () => {
  expect(await loader.load({ spec: 'starts.mjs:later()' })).toMatchObject({ kind: 'server', body: 'later' })
})

test('descriptors are listened on without node:cluster', async () => {
  expect(await loader.load({ spec: 'descriptor.mjs:app' })).toMatchObject({ body: 'listen Error' })
})
