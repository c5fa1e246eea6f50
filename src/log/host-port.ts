/** Reads HOST, HOST:PORT, [IPv6] and [IPv6]:PORT; undefined when it is none of them. Pure. */
import type { HostPort } from './udp.ts'

const form = /^(?:\[([0-9A-Fa-f:.]+)\]|([^\s:/[\]#]+))(?::(\d{1,5}))?$/

export function hostPort(text: string, defaultPort: number): HostPort | undefined {
  const [, ipv6, name, digits] = form.exec(text) ?? []
  const host = ipv6 ?? name
  const port = digits === undefined ? defaultPort : Number(digits)
  return host === undefined || port < 1 || port > 65_535 ? undefined : { host, port }
}
