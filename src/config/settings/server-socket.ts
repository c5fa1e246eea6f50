/** What the master listens on. */
import { accepted, type Checked, refused, type Setting } from '../setting.ts'
import { integer, list } from '../setting-kinds.ts'

export const title = 'Server Socket'

const addressOfPort = (text: string): Checked<readonly string[]> => {
  const port = text.trim()
  return /^\d{1,5}$/.test(port) && Number(port) <= 65_535
    ? accepted([`0.0.0.0:${port}`])
    : refused('a port: a number from 0 to 65535')
}

export const settings = {
  bind: list({
    cli: ['-b', '--bind'],
    metavar: 'ADDRESS',
    env: 'PORT',
    parseEnv: addressOfPort,
    default: ['127.0.0.1:8000'],
    defaultText: '127.0.0.1:8000, or 0.0.0.0:$PORT when the variable PORT is set',
    summary: 'The addresses to listen on.',
    details: `\`HOST\`, \`HOST:PORT\`, \`[IPv6]:PORT\`, \`unix:PATH\` or \`fd://N\`; the flag may be repeated. A host without
a port gets port 8000.

The default answers this machine only, which is right behind a proxy on the same machine. Containers need
\`0.0.0.0:8000\`, or \`[::]:8000\` for both versions of IP. Platforms that set \`PORT\` need nothing.

On a reload, addresses that stay are kept open, new ones are opened before workers are replaced, and removed ones are
closed last. An address that cannot be bound stops the start, and fails a reload without harm to the running workers.`,
    common: true,
  }),
  backlog: integer({
    cli: ['--backlog'],
    metavar: 'INT',
    default: 2048,
    summary: 'How many connections may wait to be accepted.',
    details: `The system caps it (\`net.core.somaxconn\` on Linux, 4096 on current kernels). When the queue is full,
clients see slow connects or refusals. A longer queue hides short bursts; for lasting overload more workers help, or a
shorter queue that lets a balancer notice.`,
  }),
} as const satisfies Record<string, Setting>
