/** The corpus of requests against the built program, once: what is in processes of its own must be what units showed. */
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Config } from '../../src/config/config.ts'
import { httpPolicy } from '../../src/worker/policy.ts'
import type { Seen } from '../conformance/apps.ts'
import { corpus } from '../conformance/corpus.ts'
import { nameOf } from '../conformance/differences.ts'
import type { Entry } from '../conformance/entry.ts'
import { answersDiffer, seenDiffers } from '../conformance/judge.ts'
import { bytesOf, converse, inParallel } from '../conformance/live.ts'
import { whole } from '../conformance/pieces.ts'
import { type Daemon, start } from '../support/daemon.ts'
import { repository } from '../support/machine.ts'

const source = JSON.stringify(join(repository, 'test/conformance/apps.ts'))
const appOf = (kind: string, exported: string) => `import { ${kind}App } from ${source}
const { app } = ${kind}App((seen) => console.log(JSON.stringify(seen)))
export default ${exported}\n`

const kinds = [
  ['node', appOf('node', 'app.handler')],
  ['fetch', appOf('fetch', 'app')],
] as const

/** The setting that each part of the policy comes from, as the worker itself has it. */
const settingNames = httpPolicy(new Proxy({} as Config, { get: (_, name) => name })) as unknown as Readonly<
  Record<string, string>
>

const settingsOf = ({ policy }: Entry): Record<string, unknown> =>
  Object.fromEntries(Object.entries(policy).map(([part, value]) => [settingNames[part] ?? part, value]))

/** Entries of one policy share a server. */
const byPolicy = [...new Set(corpus.map(({ policy }) => JSON.stringify(policy)))].map((policy) =>
  corpus.filter((entry) => JSON.stringify(entry.policy) === policy),
)

/** What the application told of the connections from each port. */
const seenBy = (server: Daemon): ReadonlyMap<number, Seen[]> => {
  const seen = new Map<number, Seen[]>()
  for (const line of server.stdout().split('\n').filter(Boolean)) {
    const one = JSON.parse(line) as Seen
    seen.set(one.port, [...(seen.get(one.port) ?? []), one])
  }
  return seen
}

const judge = async (
  kind: string,
  app: string,
  entries: readonly Entry[],
): Promise<(string | undefined)[]> => {
  const [first] = entries
  if (first === undefined) return []
  const config = { workers: 1, keepalive: 30, ...settingsOf(first) }
  const server = await start({ files: { 'app.ts': app }, appArgument: 'app.ts', config })
  const conversations = await inParallel(entries, 16, async (entry) => ({
    entry,
    conversation: await converse(server.port, bytesOf(entry), whole, entry.cut),
  }))
  await server.assertClean({ allows: [/Invalid request/, /Error handling request/, /dist|app\.ts/] })
  const seen = seenBy(server)
  return conversations.map(({ entry, conversation }) => {
    const wrong =
      answersDiffer(kind, entry, whole, conversation) ??
      seenDiffers(entry, conversation.statuses, seen.get(conversation.port) ?? [])
    return wrong && `${nameOf(entry)}: ${wrong}`
  })
}

test.each(kinds)(
  'an application of kind %s, served by a worker, gets what the corpus says',
  async (kind, app) => {
    const wrong = await inParallel(byPolicy, 2, (entries) => judge(kind, app, entries))
    expect(wrong.flat().filter(Boolean)).toEqual([])
  },
)
