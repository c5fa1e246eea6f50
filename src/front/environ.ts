/**
 * What a worker is told of a request: its shape, and the values of its environ in one text (README.md, PEP 3333
 * "environ Variables", Gunicorn's reading of CGI). Pure but for what it keeps with the connection.
 *
 * A connection's requests are alike: what was made of the last one's fields is kept, so that the next one with the
 * same fields costs one text, and the same request nothing at all.
 */
import type { CoreExchange } from '../http/core/types.ts'
import type { HeaderBlock } from '../http/h1/header-block.ts'
import { keyOf, separatorOf, trustedKeyOf } from './names.ts'
import type { Shape, Shapes } from './shapes.ts'

/** Fields as values, for one connection. */
class Known {
  readonly headers: HeaderBlock
  readonly version: string
  readonly shape: Shape
  /** The values from REMOTE_ADDR on, with the separator before them. */
  readonly tail: string
  method = ''
  target = ''
  text = ''

  constructor(headers: HeaderBlock, version: string, shape: Shape, tail: string) {
    this.headers = headers
    this.version = version
    this.shape = shape
    this.tail = tail
  }
}

export interface Environ {
  readonly shape: Shape
  readonly text: string
}

/** Names that no field can have, for keys that are not fields. */
const ours = {
  ':server': 'SERVER_NAME',
  ':port': 'SERVER_PORT',
  ':length': 'CONTENT_LENGTH',
  ':protocol': 'PROXY_PROTOCOL',
  ':address': 'PROXY_ADDR',
  ':proxyport': 'PROXY_PORT',
} as const
type Ours = keyof typeof ours

const keyOfOurs = (name: string): string => ours[name as Ours]

/** The environ of a request. `collected`: bytes of a chunked body that is here whole, else -1. */
export const environOf = (exchange: CoreExchange, shapes: Shapes, collected = -1): Environ => {
  const { target, guest } = exchange
  const { memory } = guest
  if (target.charCodeAt(0) !== 0x2f || collected !== -1) return unusual(exchange, shapes, collected)
  const { method, headers, version } = exchange
  let known: Known
  if (memory instanceof Known && memory.headers === headers && memory.version === version) known = memory
  else {
    known = know(exchange, shapes, { host: undefined, collected })
    guest.memory = known
  }
  if (known.target !== target || known.method !== method) {
    known.text = start(method, target, target) + known.tail
    known.target = target
    known.method = method
  }
  return known
}

/** The first values; `origin` is path and query. */
const start = (method: string, target: string, origin: string): string => {
  const mark = origin.indexOf('?')
  return mark === -1
    ? `${method}\0${target}\0${origin}\0`
    : `${method}\0${target}\0${origin.slice(0, mark)}\0${origin.slice(mark + 1)}`
}

/** absolute-form: `scheme://authority`, and what stands behind it. */
const absolute = /^[a-z][a-z\d+.-]*:\/\/([^/?]*)(.*)$/is

/** Requests that are not worth keeping anything for: targets that are no path, and chunked bodies. */
const unusual = (exchange: CoreExchange, shapes: Shapes, collected: number): Environ => {
  const { method, target } = exchange
  const [, host, origin = target] = absolute.exec(target) ?? []
  const { shape, tail } = know(exchange, shapes, { host, collected })
  return { shape, text: start(method, target, origin) + tail }
}

interface Details {
  /** The target's own authority, which wins over Host (RFC 9112, 3.2.2). */
  readonly host: string | undefined
  readonly collected: number
}

const know = (exchange: CoreExchange, shapes: Shapes, details: Details): Known => {
  const { headers, version, peerAddress, peerPort } = exchange
  const values = new Values(exchange, shapes)
  values.addServer(details.host)
  values.addProxy()
  values.addFields(headers, details.host)
  if (details.collected !== -1) values.add(':length', String(details.collected), keyOfOurs)
  const { shape, text } = values.done()
  // The peer, as in Gunicorn: what a proxy says of its client is a field, and whom to believe is the application's to say.
  return new Known(headers, version, shape, `\0${peerAddress}\0${peerPort === 0 ? '' : peerPort}${text}`)
}

/** The walk through the names of a request, and the values on its way. */
class Values {
  readonly #exchange: CoreExchange
  readonly #shapes: Shapes
  readonly #values: string[] = []
  readonly #trusted: boolean
  #node

  constructor(exchange: CoreExchange, shapes: Shapes) {
    const { version, scheme, localAddress, localPort, headers } = exchange
    this.#exchange = exchange
    this.#shapes = shapes
    this.#trusted = headers.facts.underscores && exchange.guest.trusted
    // A name means another key when a trusted peer sends it.
    const id = `${this.#trusted ? '+' : ''}${version} ${scheme} ${localPort} ${localAddress}`
    this.#node = shapes.root(id, () => {
      const constants = ['SERVER_PROTOCOL', `HTTP/${version}`, 'wsgi.url_scheme', scheme]
      return localAddress === ''
        ? constants
        : [...constants, 'SERVER_NAME', localAddress, 'SERVER_PORT', String(localPort)]
    })
  }

  /** On a unix socket the client's Host says who we are, as in Gunicorn; clients choose it, so it is no constant. */
  addServer(host: string | undefined): void {
    const { localAddress, headers, scheme } = this.#exchange
    if (localAddress !== '') return
    const [name, port] = splitHost(host ?? headers.get('host') ?? '')
    this.add(':server', name || 'localhost', keyOfOurs)
    this.add(':port', port || (scheme === 'https' ? '443' : '80'), keyOfOurs)
  }

  addProxy(): void {
    const { proxied } = this.#exchange.guest
    if (proxied === undefined) return
    this.add(':protocol', proxied.protocol, keyOfOurs)
    this.add(':address', proxied.address, keyOfOurs)
    this.add(':proxyport', String(proxied.port), keyOfOurs)
  }

  addFields(headers: HeaderBlock, host: string | undefined): void {
    const key = this.#trusted ? trustedKeyOf : keyOf
    for (let index = 0; index < headers.count; index += 1)
      this.add(headers.name(index), headers.value(index), key)
    const slot = host === undefined ? -1 : this.#node.slotOf('HTTP_HOST')
    if (host !== undefined && slot !== -1) this.#values[slot] = host
  }

  add(name: string, value: string, key: (name: string) => string): void {
    const node = this.#shapes.next(this.#node, name, key)
    this.#node = node
    // The parser lets it be sent twice when both say the same; a number is what it must be for an application.
    if (!node.again) this.#values[node.slot] = value
    else if (node.key !== 'CONTENT_LENGTH') this.#values[node.slot] += separatorOf(node.key) + value
  }

  done(): { readonly shape: Shape; readonly text: string } {
    const text = this.#values.length === 0 ? '' : `\0${this.#values.join('\0')}`
    return { shape: this.#shapes.shapeAt(this.#node), text }
  }
}

/** `[::1]:80` -> `[::1]`, `80`. */
const splitHost = (host: string): [string, string] => {
  const colon = host.lastIndexOf(':')
  return colon === -1 || host.endsWith(']') ? [host, ''] : [host.slice(0, colon), host.slice(colon + 1)]
}
