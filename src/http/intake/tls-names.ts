/** Which certificate a client's server name (RFC 6066, 3) asks for. Pure; it knows no certificate, only what names it. */

/** Names in small letters, `*.` before a domain for any one label, and what they stand for. */
export type ServerNames<C> = ReadonlyMap<string, C>

/** What is kept for a name: its own entry, else that of its wildcard; undefined is the default certificate. */
export const contextFor = <C>(names: ServerNames<C>, name: string): C | undefined => {
  const asked = name.toLowerCase()
  return names.get(asked) ?? names.get(asked.replace(/^[^.]+/, '*'))
}
