import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { type Daemon, start } from '../support/daemon.ts'
import { eventually } from '../support/eventually.ts'
import { startLoad } from '../support/load.ts'
import { programOf, proxyNames, type ReverseProxy, startProxy } from '../support/proxies.ts'
import { ClientFailure, RawClient, request, type Target } from '../support/raw-client.ts'
import { type AppKind, appKinds, attempts, witnesses } from '../support/smuggling.ts'

/** The settings that a server behind a keep-alive proxy has: its own idle time outlasts the proxy's. */
const args = ['--keep-alive', '10']
const serve = (kind: AppKind) => start({ workers: 1, app: witnesses[kind], args })

const refusals = [/\[WARNING\]/, /\[ERROR\]/, /^\s+at /]

/** Sends bytes and waits for one answer, an end, or the second after which the proxies give up. */
const attempt = async (target: Target, bytes: Buffer): Promise<RawClient> => {
  const client = await RawClient.connect(target)
  client.send(bytes)
  try {
    await client.answer({ within: 1500 })
  } catch (error) {
    // Any outcome will do here: what counts is what the application has seen.
    if (!(error instanceof ClientFailure) && !/not an HTTP answer/.test(String(error))) throw error
  }
  return client
}

const innocent = async (target: Target, label: string): Promise<string | undefined> => {
  const { status, body } = await request(target, `/innocent?${label}`, {
    headers: { Connection: 'keep-alive' },
  })
  return body === `hello GET /innocent?${label} 0`
    ? undefined
    : `after ${label}: ${status} ${body.slice(0, 80)}`
}

const seenOf = (server: Daemon): string[] =>
  (server.stdout().match(/^SEEN .*$/gm) ?? []).map((line) => line.slice('SEEN '.length))

const tally = (lines: readonly string[]): Map<string, number> => {
  const counts = new Map<string, number>()
  for (const line of lines) counts.set(line, (counts.get(line) ?? 0) + 1)
  return counts
}

/** Requests that the application saw and the proxy did not pass on: those are smuggled. All of a test's have a query. */
const smuggled = (server: Daemon, proxy: ReverseProxy): string[] => {
  const passed = tally(proxy.passed())
  return [...tally(seenOf(server))]
    .filter(([line, count]) => line.includes('?') && count > (passed.get(line) ?? 0))
    .map(([line]) => `${line} (${attempts[Number(line.split('?')[1])]?.name})`)
}

/** Connections to a loopback port, from the side that opened them (proc(5), net/tcp); open or just ended. */
const connectionsTo = (port: number): number => {
  const remote = `0100007F:${port.toString(16).toUpperCase().padStart(4, '0')}`
  const lines = readFileSync('/proc/net/tcp', 'utf8').split('\n')
  return lines.filter((line) => line.trim().split(/\s+/)[2] === remote).length
}

const combinations = proxyNames.flatMap((name) => appKinds.map((kind) => [name, kind] as const))

for (const [name, kind] of combinations) {
  describe.skipIf(programOf(name) === undefined)(`${kind} app behind ${name}`, () => {
    test('what two readers may understand differently is no second request, and the next client is served', async () => {
      const server = await serve(kind)
      const proxy = await startProxy(name, server.port)
      const faults: string[] = []
      for (const [n, { bytes }] of attempts.entries()) {
        const client = await attempt(proxy.target, bytes)
        for (const label of [`${n}-open`, `${n}-again`])
          faults.push((await innocent(proxy.target, label)) ?? '')
        client.close()
        faults.push((await innocent(proxy.target, `${n}-closed`)) ?? '')
      }
      expect(faults.filter((fault) => fault !== '')).toEqual([])
      // A proxy logs a request when it has ended, which may be after the application saw it.
      await eventually(() => smuggled(server, proxy).length === 0, {
        what: () =>
          `nothing smuggled; there are:\n${smuggled(server, proxy).join('\n')}\n${proxy.complaints().slice(-3000)}`,
      })
      await server.assertClean({ allows: refusals })
    })

    test('ordinary requests share a connection, are told who asked, and large bodies are whole both ways', async () => {
      const server = await serve(kind)
      const proxy = await startProxy(name, server.port)
      const before = connectionsTo(server.port)
      for (let n = 0; n < 50; n++) expect(await innocent(proxy.target, `plain-${n}`)).toBeUndefined()
      expect(connectionsTo(server.port) - before).toBeLessThan(5)
      const about = await request(proxy.target, '/about')
      expect(JSON.parse(about.body)).toMatchObject({ for: '127.0.0.1', proto: 'https' })
      const size = 20_000_000
      const up = await request(proxy.target, '/upload', {
        method: 'POST',
        body: 'x'.repeat(size),
        within: 30_000,
      })
      expect(up.body).toBe(`hello POST /upload ${size}`)
      const down = await request(proxy.target, `/large?${size}`, { within: 30_000 })
      expect(down.body.length).toBe(size)
      const chunked = await RawClient.connect(proxy.target)
      chunked.send(
        'POST /chunked HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
      )
      expect((await chunked.answer()).body).toBe('hello POST /chunked 5')
      chunked.close()
      await server.assertClean()
    })

    test('a hundred at once are all answered, and HUP under load loses none', async () => {
      const server = await serve(kind)
      const proxy = await startProxy(name, server.port)
      const labels = Array.from({ length: 100 }, (_, n) => `at-once-${n}`)
      const faults = await Promise.all(labels.map((label) => innocent(proxy.target, label)))
      expect(faults.filter((fault) => fault !== undefined)).toEqual([])
      const load = await startLoad(proxy.target, { mode: 'keepalive', connections: 8, rate: 150 })
      for (let n = 0; n < 2; n++) {
        await server.reload()
        await load.answered(50)
      }
      expect((await load.stop()).failures).toEqual([])
      await server.assertClean()
    })
  })
}
