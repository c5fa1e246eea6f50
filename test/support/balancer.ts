/**
 * HAProxy before several hosts, and what it knows of each. It runs the very configuration of docs/scale-out.md; what a
 * test changes of it is named.
 */
import { spawn } from 'node:child_process'
import { openSync, readFileSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { eventually } from './eventually.ts'
import { repository } from './machine.ts'
import { isAlive } from './processes.ts'
import { programOf } from './proxies.ts'
import { sharedFolder } from './shared-folder.ts'

const page = readFileSync(join(repository, 'docs/scale-out.md'), 'utf8')

/** A block of the page by the name of its file. */
export const blockOf = (file: string): string => {
  const block = new RegExp(`^\`\`\`\\w+ ${file.replace('.', '\\.')}\\n([\\s\\S]*?)^\`\`\`$`, 'm').exec(
    page,
  )?.[1]
  if (block === undefined) throw new Error(`docs/scale-out.md has no block ${file}`)
  return block
}

/** What a section of the page says into the stats socket, in order. */
export const commandsOf = (title: string): readonly string[] => {
  const section = page.split(/^## /m).find((text) => text.startsWith(title)) ?? ''
  return [...section.matchAll(/^ {4}echo '(.+)' \| socat stdio \S+$/gm)].map(([, command = '']) => command)
}

/** Throws when there is nothing to be replaced: then the page has changed. */
export const replaced = (text: string, changes: Readonly<Record<string, string>>): string =>
  Object.entries(changes).reduce((result, [from, to]) => {
    if (!result.includes(from)) throw new Error(`docs/scale-out.md does not say '${from}' any more`)
    return result.replaceAll(from, to)
  }, text)

/** As `show servers state` tells it (HAProxy's management guide, 9.3). */
export interface ServerState {
  readonly isUp: boolean
  readonly isDraining: boolean
  readonly weight: number
}

const running = 2
const forcedDrain = 0x08

export interface Balancer {
  readonly state: (backend: string, server: string) => Promise<ServerState>
  /** Gives a command at its stats socket, and gives its answer. */
  readonly tell: (command: string) => Promise<string>
  /** What it said, for messages. */
  readonly said: () => string
}

/** All that comes until the end of the connection. */
export const ask = (path: string, text: string): Promise<string> =>
  new Promise((resolve, reject) => {
    let answer = ''
    const socket = connect({ path }, () => socket.end(text))
    socket.setEncoding('utf8').on('data', (more: string) => {
      answer += more
    })
    socket.on('error', reject).on('end', () => resolve(answer))
  })

const stateIn = (table: string, server: string): ServerState => {
  const lines = table.split('\n').filter((line) => line !== '')
  const names =
    lines
      .find((line) => line.startsWith('# '))
      ?.slice(2)
      .split(' ') ?? []
  const rows = lines.map((line) => line.split(' '))
  const row = rows.find((cells) => cells[names.indexOf('srv_name')] === server)
  if (row === undefined) throw new Error(`no server ${server} in:\n${table}`)
  const numberOf = (name: string) => Number(row[names.indexOf(name)])
  return {
    isUp: numberOf('srv_op_state') === running,
    isDraining: (numberOf('srv_admin_state') & forcedDrain) !== 0,
    weight: numberOf('srv_uweight'),
  }
}

/** Starts it on a host; it ends with the test. `config` has the page's `stats socket`. */
export const startBalancer = async (enter: readonly string[], config: string): Promise<Balancer> => {
  const folder = sharedFolder()
  const socket = join(folder, 'admin.sock')
  const file = join(folder, 'haproxy.cfg')
  writeFileSync(file, replaced(config, { '/run/haproxy/admin.sock': socket }))
  const output = join(folder, 'output.log')
  const [command = '', ...args] = [...enter, programOf('haproxy') ?? 'haproxy', '-db', '-f', file]
  const child = spawn(command, args, { stdio: ['ignore', openSync(output, 'a'), openSync(output, 'a')] })
  onTestFinished(async () => {
    child.kill('SIGTERM')
    await eventually(() => child.pid === undefined || !isAlive(child.pid), { within: 5000 })
  })
  const said = () => readFileSync(output, 'utf8')
  const tell = (words: string) => ask(socket, `${words}\n`)
  await eventually(() => tell('show info'), { what: () => `HAProxy's stats socket; it says:\n${said()}` })
  return {
    state: async (backend, server) => stateIn(await tell(`show servers state ${backend}`), server),
    tell,
    said,
  }
}
