/** Who asks, in words for the log. It is told the pid and uid by the kernel, and asks only files for their names. */
import { readFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import { basename } from 'node:path'
import { parseAccounts } from '../system/privileges.ts'
import { orElse, readProc } from '../util/proc-sockets.ts'
import type { Asker } from './administration.ts'

export interface Peer {
  /** -1 where the kernel does not tell it. */
  readonly pid: number
  readonly uid: number
}

/** Undefined where the kernel cannot be asked. */
export type PeerOf = (socket: Socket) => Peer | undefined

/** Programs that run others: the name of the script says more. */
const interpreter = /^(node|nodejs|MainThread|python[\d.]*|ruby|perl|bash|sh)$/

/** A word of a command line, without what would spoil a log line. */
const cleaned = (word: string): string =>
  basename(word)
    .replaceAll(/[^\w.+@-]/g, '?')
    .slice(0, 40)

/** `command`: a command line as /proc has it, words that end in NUL; one that was set as a title has blanks. */
export const programOf = (command: string): string => {
  const line = command.replace(/\0+$/, '')
  const [program = '', ...words] = line.split(line.includes('\0') ? '\0' : ' ')
  const script = words.find((word) => word !== '' && !word.startsWith('-'))
  const runs = interpreter.test(basename(program)) && script !== undefined
  return cleaned(runs ? script.replace(/\.[cm]?js$/, '') : program)
}

const names = new Map<number, string>()

const userOf = (uid: number): string => {
  const known = names.get(uid)
  if (known !== undefined) return known
  const accounts = parseAccounts(orElse(() => readFileSync('/etc/passwd', 'utf8'), ''))
  const name = accounts.find((line) => line[2] === String(uid))?.[0] ?? ''
  if (names.size < 1000) names.set(uid, name)
  return name
}

/** As `pid 123 (tsgunicornc), user alice (1000)`; 'unknown' for nobody. */
export const describePeer = (peer: Peer | undefined): Asker => {
  if (peer === undefined) return 'unknown'
  const program = peer.pid < 1 ? '' : programOf(readProc(`${peer.pid}/cmdline`))
  const name = userOf(peer.uid)
  const pid = peer.pid < 1 ? 'pid unknown' : `pid ${peer.pid}${program === '' ? '' : ` (${program})`}`
  return `${pid}, user ${name === '' ? peer.uid : `${name} (${peer.uid})`}`
}
