/**
 * HAProxy before the server: in HTTP mode, or in TCP mode where connections go through as they are (the server speaks
 * TLS, or expects a PROXY header). What stands in `global` is the machine's own.
 */
import { type Address, parseAddress } from '../sockets/address.ts'
import { addressFor, answerSeconds, type Facts, reachable, refusal } from './facts.ts'
import { lines, type Recipe } from './recipe.ts'

const placeOf = (address: Exclude<Address, { kind: 'fd' }>): string =>
  address.kind === 'unix' ? pathOf(address.path) : reachable(address)

/** In HAProxy's words. */
const pathOf = (path: string): string => `unix@${path.replaceAll(/[\\\s#"'$]/g, '\\$&')}`

/** TCP before paths: Debian's HAProxy lives in a chroot, where paths outside are not to be found. */
const serverOf = (facts: Facts) => addressFor('haproxy', facts, ['tcp', 'unix'])

/** Where the check goes, if it is not the server's own address. */
const checkedAt = ({ adminBind }: Facts): string | undefined => {
  if (adminBind === undefined || adminBind.kind === 'fd') return undefined
  if (adminBind.kind === 'unix') return `addr ${pathOf(adminBind.path)}`
  const { host, port } = partsOf(adminBind)
  return `addr ${host} port ${port}`
}

/** Where it is reached, as HAProxy takes it in two words. */
const partsOf = (address: Extract<Address, { kind: 'tcp' }>) => {
  const [, host = '', port = ''] = /^(.*):(\d+)$/.exec(reachable(address)) ?? []
  return { host: host.replace(/^\[|\]$/g, ''), port }
}

/**
 * The weight by load. It is a part of `weight`, in whole numbers: of 1 there is none. What is listened to on a path is
 * not asked: HAProxy's agents have a port.
 */
const agentAt = ({ agentBind }: Facts): string | undefined => {
  if (agentBind?.kind !== 'tcp') return undefined
  const { host, port } = partsOf(agentBind)
  return `agent-check agent-addr ${host} agent-port ${port} agent-inter 1s weight 100`
}

const proxyHeader: Readonly<Record<Facts['proxyProtocol'], string | undefined>> = {
  off: undefined,
  v1: 'send-proxy',
  v2: 'send-proxy-v2',
  auto: 'send-proxy-v2',
}

const configuration = (facts: Facts): string => {
  const { name, tls, proxyProtocol } = facts
  const passes = tls || proxyProtocol !== 'off'
  const check = checkedAt(facts)
  const server = [
    `server ${name}-1 ${placeOf(serverOf(facts))}`,
    'check inter 2s fall 2 rise 1',
    check,
    agentAt(facts),
    proxyHeader[proxyProtocol],
  ]
  return lines(
    `defaults ${name}`,
    `    mode ${passes ? 'tcp' : 'http'}`,
    '    log global',
    `    option ${passes ? 'tcplog' : 'httplog'}`,
    '    timeout connect 5s',
    '    timeout check 3s',
    `    timeout client ${answerSeconds(facts)}s`,
    `    timeout server ${answerSeconds(facts)}s`,
    ...(passes
      ? []
      : [
          '    timeout http-request 15s',
          '    timeout http-keep-alive 30s',
          '    # Websockets, once they are open.',
          '    timeout tunnel 1h',
        ]),
    '',
    `frontend ${name} from ${name}`,
    `    bind ${listenOf(facts)}`,
    ...(passes
      ? [
          '    # Connections go through as they are; who the client is says the PROXY header, if there is one.',
        ]
      : [
          '    # tsgunicorn believes what stands here, once forwarded_allow_ips names this machine (127.0.0.1 it does):',
          "    # nothing of it may be the client's word.",
          '    http-request set-header X-Forwarded-For %[src]',
          '    http-request set-header X-Forwarded-Proto %[ssl_fc,iif(https,http)]',
          '    http-request del-header Forwarded',
          '    http-request del-header X-Forwarded-Host',
        ]),
    `    default_backend ${name}`,
    '',
    `backend ${name} from ${name}`,
    '    balance leastconn',
    '    retries 3',
    '    option redispatch',
    ...(passes
      ? []
      : [
          '    # What cannot do harm twice goes to another server when its connection ends without an answer.',
          '    retry-on conn-failure empty-response',
          '    http-request disable-l7-retry unless METH_GET',
          '    http-reuse safe',
        ]),
    ...(check === undefined
      ? ['    # Without admin_bind this sees only that somebody listens.']
      : [
          '    # admin_bind: not ready from the moment that TERM arrives. lame_duck has to be longer than inter * fall.',
          '    option httpchk',
          '    http-check send meth GET uri /readyz ver HTTP/1.1 hdr Host localhost',
          '    http-check expect status 200',
        ]),
    `    ${server.filter((word) => word !== undefined).join(' ')}`,
  )
}

/** `80` is a port; everything else is an address as HAProxy writes it. */
const listenOf = ({ listen }: Facts): string => {
  if (listen === undefined) return ':80'
  const address = parseAddress(/^\d+$/.test(listen) ? `:${listen}` : listen)
  if (address.kind === 'fd') throw refusal('haproxy', `--listen ${listen} is a descriptor. Give HOST:PORT.`)
  return address.kind === 'unix' ? placeOf(address) : listen.replace(/^(\d+)$/, ':$1')
}

export const haproxy: Recipe = {
  summary: 'HAProxy: health by /readyz, retries, websockets; in TCP mode with TLS or PROXY headers',
  files: (facts) => ({ 'deploy/haproxy.cfg': configuration(facts) }),
  next: ({ adminBind, lameDuck }) => [
    'sudo tee -a /etc/haproxy/haproxy.cfg <deploy/haproxy.cfg',
    'sudo haproxy -c -f /etc/haproxy/haproxy.cfg && sudo systemctl reload haproxy',
    ...(adminBind === undefined
      ? [
          "# Set admin_bind, as '127.0.0.1:9000', and write this again with --force: then HAProxy asks /readyz.",
        ]
      : []),
    ...(lameDuck > 4
      ? []
      : ['# Set lame_duck to 5: HAProxy then hears of a stop while requests are still accepted.']),
  ],
}
