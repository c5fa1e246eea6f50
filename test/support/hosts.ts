/**
 * Machines of a test's own: network namespaces (network_namespaces(7)) on one bridge, which only the processes in them
 * see. A namespace is held by a process that ends with the test's, however that ends, and takes its links with it:
 * nothing has a name that could be left behind. Without root it is done in a user namespace, where the system permits it.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { onTestFinished } from 'vitest'
import { eventually } from './eventually.ts'

const isRoot = process.getuid?.() === 0
const unshare = isRoot ? ['unshare', '--net'] : ['unshare', '--map-root-user', '--net']

/** Why there can be no such hosts here; undefined when there can. */
export const noHosts = ((): string | undefined => {
  const probe = ['ip', 'link', 'add', 'name', 'tsg0', 'type', 'veth', 'peer', 'name', 'tsg1']
  const [command = '', ...args] = [...unshare, ...probe]
  const { status, error, stderr } = spawnSync(command, args, { encoding: 'utf8' })
  if (status === 0) return undefined
  return `network namespaces cannot be had: ${(error?.message ?? stderr).trim().split('\n')[0]}`
})()

export interface Host {
  readonly name: string
  readonly address: string
  /** The command that runs what follows it on this host. */
  readonly enter: readonly string[]
  /** Cuts its link, or mends it. What is sent to it meanwhile is lost without a word. */
  readonly link: (state: 'up' | 'down') => void
}

/** Runs it to its end, and throws what it complained of. */
const run = (words: readonly string[]): void => {
  const [command = '', ...args] = words
  const { status, error, stderr } = spawnSync(command, args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`${words.join(' ')}: ${error?.message ?? stderr}`)
}

/** Holds a namespace until its standard input ends, as it does with this process. */
const hold = async (before: readonly string[]): Promise<ChildProcess> => {
  const [command = '', ...args] = [...before, 'sh', '-c', 'echo held; exec cat >/dev/null']
  const holder = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  let isHeld = false
  holder.stdout?.once('data', () => {
    isHeld = true
  })
  onTestFinished(() => {
    holder.kill('SIGKILL')
  })
  await eventually(() => isHeld, { what: 'a network namespace' })
  return holder
}

const entering = ({ pid }: ChildProcess): readonly string[] => [
  'nsenter',
  ...(isRoot ? [] : ['--user', '--preserve-credentials']),
  '--net',
  '--target',
  String(pid),
]

/**
 * Hosts with these addresses, all of one /24 network. The first has the bridge: it reaches the others also when links
 * of theirs are cut from each other.
 */
export const startHosts = async (addresses: Readonly<Record<string, string>>): Promise<readonly Host[]> => {
  const [first, ...others] = Object.entries(addresses)
  if (first === undefined) return []
  const [name, address] = first
  const center = await hold(unshare)
  const here = entering(center)
  const ip = (...words: readonly string[]) => run([...here, 'ip', ...words])
  ip('link', 'set', 'lo', 'up')
  ip('link', 'add', 'name', 'bridge', 'type', 'bridge')
  ip('address', 'add', `${address}/24`, 'dev', 'bridge')
  ip('link', 'set', 'bridge', 'up')
  const hosts: Host[] = [{ name, address, enter: here, link: (state) => ip('link', 'set', 'bridge', state) }]
  for (const [name, address] of others) {
    // Of the same user namespace: links are moved between them.
    const holder = await hold(isRoot ? unshare : [...here, 'unshare', '--net'])
    const there = entering(holder)
    const far = (...words: readonly string[]) => run([...there, 'ip', ...words])
    ip('link', 'add', 'name', name, 'type', 'veth', 'peer', 'name', 'net0', 'netns', String(holder.pid))
    ip('link', 'set', name, 'master', 'bridge', 'up')
    far('link', 'set', 'lo', 'up')
    far('address', 'add', `${address}/24`, 'dev', 'net0')
    far('link', 'set', 'net0', 'up')
    hosts.push({ name, address, enter: there, link: (state) => ip('link', 'set', name, state) })
  }
  return hosts
}
