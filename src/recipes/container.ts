/**
 * What holds in every container: the server listens on all of its interfaces, logs to the standard streams, and keeps
 * its own files in /tmp. What the project's configuration says otherwise is overruled by GUNICORN_CMD_ARGS, which
 * whoever runs the image can set anew.
 */
import type { Address } from '../sockets/address.ts'
import { type Facts, refusal, staysInFront } from './facts.ts'

export interface Container {
  readonly port: number
  readonly adminPort: number
  /** The value of GUNICORN_CMD_ARGS. */
  readonly flags: readonly string[]
}

type Tcp = Extract<Address, { kind: 'tcp' }>

/** The address of a setting when it is open to the container's network. */
const open = (address: Address | undefined): Tcp | undefined =>
  address?.kind === 'tcp' && (address.host === '0.0.0.0' || address.host === '::') ? address : undefined

const portOf = (address: Address | undefined): number | undefined =>
  address?.kind === 'tcp' ? address.port : undefined

/** Throws TSG_USAGE when the command line gives what would have to be overruled. */
export const containerOf = (recipe: string, facts: Facts, more: readonly string[] = []): Container => {
  const { bind, adminBind, logs, pidfile, controlSocket, name, given } = facts
  staysInFront(recipe, facts)
  if (facts.dropsPrivileges)
    throw refusal(
      recipe,
      'user and group are set, and only root could become them: in a container the image says who runs. Leave them out.',
    )
  const [served] = bind.map(open).filter((address) => address !== undefined)
  const port = served?.port ?? bind.map(portOf).find((known) => known !== undefined) ?? 8000
  const adminPort = portOf(adminBind) ?? (port === 9000 ? 9001 : 9000)
  const flags: ReadonlyArray<readonly [setting: string, flag: string] | false> = [
    served === undefined && (['bind', `--bind=0.0.0.0:${port}`] as const),
    open(adminBind) === undefined && (['admin_bind', `--admin-bind=0.0.0.0:${adminPort}`] as const),
    logs.length > 0 && (['errorlog', '--error-logfile=-'] as const),
    logs.length > 0 && (['accesslog', '--access-logfile=-'] as const),
    pidfile !== undefined && (['pidfile', `--pid=/tmp/${name}.pid`] as const),
    facts.python !== undefined && (['python', '--python=/opt/venv'] as const),
    controlSocket !== undefined && (['control_socket', `--control-socket=/tmp/${name}.ctl`] as const),
  ]
  const needed = flags.filter((flag) => flag !== false)
  const conflicts = needed.filter(([setting]) => given.includes(setting))
  if (conflicts.length > 0)
    throw refusal(
      recipe,
      `in a container this has to be ${conflicts.map(([, flag]) => flag).join(' ')}. Give it so, or leave it out.`,
    )
  return { port, adminPort, flags: [...needed.map(([, flag]) => flag), ...more] }
}

/** A probe that needs nothing but Node: exit status 0 when the server says that it is alive. */
export const probeOf = ({ adminPort }: Container): readonly string[] => [
  'node',
  '-e',
  `fetch('http://127.0.0.1:${adminPort}/livez', { method: 'HEAD' }).then(({ ok }) => { process.exitCode = ok ? 0 : 1 })`,
]
