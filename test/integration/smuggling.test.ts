import { expect, test } from 'vitest'
import { start } from '../support/daemon.ts'
import { ClientFailure, RawClient, request, type Target } from '../support/raw-client.ts'
import { type AppKind, type Attempt, appKinds, attempts, witnesses } from '../support/smuggling.ts'

/** The first answer's status, or how the connection ended without one. */
const outcomeOf = async (client: RawClient): Promise<number | string> => {
  try {
    return (await client.answer({ within: 5000 })).status
  } catch (error) {
    if (error instanceof ClientFailure) return error.kind
    throw error
  }
}

/**
 * What node:http's parser takes although it might refuse it, without harm: RFC 9112, 3 lets a recipient split the
 * request line at any whitespace, and what follows is then the next request, as the client sent it.
 */
const nodeTakes = ['head: two blanks in the request line']

/** What is wrong with how an attempt was met; undefined when nothing is. */
const faultOf = async (target: Target, { name, bytes, verdict }: Attempt): Promise<string | undefined> => {
  const client = await RawClient.connect(target)
  try {
    client.send(bytes)
    const outcome = await outcomeOf(client)
    if (verdict === 'served') return outcome === 200 ? undefined : `${name}: ${outcome}, not 200`
    const refused = typeof outcome === 'number' ? outcome >= 400 : verdict === 'cut' && outcome !== 'timeout'
    if (!refused) return `${name}: ${outcome}`
    await client.ended({ within: 5000 })
    return undefined
  } catch (error) {
    return `${name}: ${error instanceof Error ? error.message : String(error)}`
  } finally {
    client.close()
  }
}

const refusals = [/\[WARNING\]/, /\[ERROR\]/, /^\s+at /]

test.each(appKinds)(
  '%s app: what two readers may understand differently is refused, and closed',
  async (kind: AppKind) => {
    const server = await start({ workers: 1, app: witnesses[kind] })
    const faults: string[] = []
    const asked = attempts.filter(({ name }) => kind === 'fetch' || !nodeTakes.includes(name))
    for (const attempt of asked) {
      const fault = await faultOf(server.target, attempt)
      if (fault !== undefined) faults.push(fault)
    }
    expect((await request(server.target, '/innocent')).body).toBe('hello GET /innocent 0')
    const smuggled = (server.stdout().match(/SEEN \S+ \/smuggled\S*/g) ?? []).map(
      (line) => attempts[Number(line.split('?')[1])]?.name ?? line,
    )
    expect({ smuggled, faults }).toEqual({ smuggled: [], faults: [] })
    await server.assertClean({ allows: refusals })
  },
)

test.each(appKinds)(
  '%s app: a body that is cut short is never a request that was served',
  async (kind: AppKind) => {
    const server = await start({ workers: 1, app: witnesses[kind] })
    const cut = ['Content-Length: 10\r\n\r\nabc', 'Transfer-Encoding: chunked\r\n\r\n5\r\nabc']
    for (const [n, text] of cut.entries()) {
      const client = await RawClient.connect(server.target)
      client.send(`POST /cut?${n} HTTP/1.1\r\nHost: x\r\n${text}`)
      client.finish()
      expect(await outcomeOf(client)).not.toBe(200)
      client.close()
    }
    expect((await request(server.target, '/innocent')).status).toBe(200)
    expect(server.stdout()).not.toContain('BODY /cut')
    await server.assertClean({ allows: refusals })
  },
)
