/** Who of the peers takes part: pm2 comes from npm, Python servers from pip and Debian. What is missing has its reason. */
import { obtainPm2 } from './obtain.ts'
import { peerNames } from './peer-names.ts'
import { type Peer, peers, type World } from './peers.ts'
import { obtainPython, ownNode } from './wsgi-obtain.ts'

export interface Invited {
  readonly world: World
  readonly present: readonly Peer[]
  /** Name -> why it is not measured. */
  readonly skipped: Readonly<Record<string, string>>
  readonly versions: Readonly<Record<string, string>>
}

const askedFor = (words: string): readonly Peer[] => {
  const parts = words
    .split(',')
    .map((word) => word.trim().toLowerCase())
    .filter(Boolean)
  const asked = peers.filter(
    ({ name }) => parts.length === 0 || parts.some((part) => name.toLowerCase().includes(part)),
  )
  if (asked.length > 0) return asked
  throw new Error(`--peers: '${words}' is part of none of: ${peers.map(({ name }) => name).join('; ')}`)
}

const python = (): Pick<World, 'python' | 'whyNoPython'> => {
  try {
    return { python: obtainPython({ node: process.execPath, fresh: false }), whyNoPython: '' }
  } catch (error) {
    return { python: undefined, whyNoPython: error instanceof Error ? error.message : String(error) }
  }
}

const notAsked = 'not asked for'

/** Nothing is fetched for those who are not asked. */
const worldFor = (asked: readonly Peer[]): World => ({
  node: ownNode(process.execPath),
  ...(asked.some(({ side }) => side === 'wsgi') ? python() : { python: undefined, whyNoPython: notAsked }),
  pm2: asked.some(({ name }) => name === peerNames.pm2) ? obtainPm2() : { why: notAsked },
})

const versionsOf = ({ python: found, pm2 }: World): Readonly<Record<string, string>> => ({
  Node: process.version.slice(1),
  ...('why' in pm2 ? {} : { pm2: pm2.version }),
  ...Object.fromEntries(
    ['Python', 'gunicorn', 'uWSGI'].flatMap((name) => {
      const version = found?.versions[name]
      return version === undefined ? [] : [[name, version]]
    }),
  ),
})

/** `words`: parts of names, separated by commas; those who are not named are not invited, and not told of. */
export const invite = (words: string): Invited => {
  const asked = askedFor(words)
  const world = worldFor(asked)
  const reasons = asked.map((who) => [who, who.missing(world)] as const)
  return {
    world,
    present: reasons.filter(([, why]) => why === undefined).map(([who]) => who),
    skipped: Object.fromEntries(
      reasons.flatMap(([{ name }, why]) => (why === undefined ? [] : [[name, why]])),
    ),
    versions: versionsOf(world),
  }
}
