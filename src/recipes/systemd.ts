/** Units for systemd: the service, and the socket for those who want one. */
import { addressText } from '../sockets/address.ts'
import { type Facts, staysInFront } from './facts.ts'
import { commandOf, lines, type Recipe, systemdWord, words } from './recipe.ts'

/** `app` of `/run/app/http.sock`: folders that systemd makes for the service, and gives to its user. */
const foldersBelow = (root: string, paths: ReadonlyArray<string | undefined>): readonly string[] => {
  const names = paths.flatMap((path) =>
    path?.startsWith(`${root}/`) && path.lastIndexOf('/') > root.length
      ? [path.slice(root.length + 1, path.lastIndexOf('/'))]
      : [],
  )
  return [...new Set(names)]
}

const pathsOf = ({ bind, adminBind, pidfile, controlSocket }: Facts): ReadonlyArray<string | undefined> => [
  ...[...bind, adminBind].map((address) => (address?.kind === 'unix' ? address.path : undefined)),
  pidfile,
  controlSocket,
]

const service = (facts: Facts): string => {
  const { name, directory, user, group, dropsPrivileges, timeout, bootTimeout, controlSocket } = facts
  const running = foldersBelow('/run', pathsOf(facts))
  const logging = foldersBelow('/var/log', facts.logs)
  return lines(
    '[Unit]',
    `Description=${name}, served by tsgunicorn`,
    'After=network.target',
    `# With ${name}.socket, where the addresses then stand, and not in the configuration:`,
    `#Requires=${name}.socket`,
    '',
    '[Service]',
    '# From systemd 253 on: Type=notify-reload, without ExecReload.',
    'Type=notify',
    'NotifyAccess=main',
    ...(dropsPrivileges
      ? ['# No User=: the master starts as root, and the settings user and group say who its workers are.']
      : [`User=${user}`, `Group=${group}`]),
    `WorkingDirectory=${directory.replaceAll('%', '%%')}`,
    `ExecStart=${words(commandOf(facts), systemdWord)}`,
    '# A reload that cannot work is refused: the old workers serve on, and the journal says why.',
    'ExecReload=/bin/kill -s HUP $MAINPID',
    '# TERM to the master alone: it drains its workers, and asks for the time that graceful_timeout and lame_duck allow.',
    'KillMode=mixed',
    'Restart=on-failure',
    '# A master whose workers all hang is started anew. Longer than timeout and boot_timeout together.',
    `WatchdogSec=${Math.max(90, Math.ceil(timeout + bootTimeout) + 10)}`,
    '# Listening sockets outlive a master that was killed.',
    'FileDescriptorStoreMax=16',
    '# Who boots beside others has a lower priority until it is ready (boot_nice): its own may be had again.',
    'LimitNICE=+0',
    ...(running.length === 0
      ? []
      : [
          `RuntimeDirectory=${running.join(' ')}`,
          '# A stop would remove it, and with it the paths of a socket unit.',
          'RuntimeDirectoryPreserve=yes',
        ]),
    ...(logging.length === 0 ? [] : [`LogsDirectory=${logging.join(' ')}`]),
    'NoNewPrivileges=true',
    controlSocket === undefined || controlSocket.startsWith('/tmp/')
      ? '# PrivateTmp=true would hide the control socket from tsgunicornc: set control_socket outside of /tmp first.'
      : 'PrivateTmp=true',
    '',
    '[Install]',
    'WantedBy=multi-user.target',
  )
}

const socket = ({ name, bind }: Facts): string | undefined => {
  const addresses = bind.filter(({ kind }) => kind !== 'fd')
  if (addresses.length === 0) return undefined
  return lines(
    '[Unit]',
    `Description=sockets of ${name}`,
    '',
    '[Socket]',
    ...addresses.map((address) => `ListenStream=${addressText(address).replace(/^unix:(\/\/)?/, '')}`),
    'Backlog=2048',
    '',
    '[Install]',
    'WantedBy=sockets.target',
  )
}

export const systemd: Recipe = {
  summary:
    'systemd: readiness, reload by HUP, a stop that waits for the drain; a socket unit if it is wanted',
  files: (facts) => {
    staysInFront('systemd', facts)
    const text = socket(facts)
    return {
      [`deploy/${facts.name}.service`]: service(facts),
      ...(text === undefined ? {} : { [`deploy/${facts.name}.socket`]: text }),
    }
  },
  next: ({ name, user, dropsPrivileges }) => [
    ...(dropsPrivileges || user !== name ? [] : [`id ${user} || sudo useradd --system ${user}`]),
    `sudo cp deploy/${name}.service /etc/systemd/system/`,
    `sudo systemctl daemon-reload && sudo systemctl enable --now ${name}`,
  ],
}
