/** The names of environ keys for names of fields: CGI's (RFC 3875, 4.1.18), as Gunicorn has them. Pure. */

/** Names that clients made up are not kept for ever. */
const most = 2000
const kept = new Map<string, string>()

const cgiName = (name: string): string => {
  const upper = name.toUpperCase()
  if (upper === 'CONTENT-TYPE') return 'CONTENT_TYPE'
  if (upper === 'CONTENT-LENGTH') return 'CONTENT_LENGTH'
  return `HTTP_${upper.replaceAll('-', '_')}`
}

/** `HTTP_ACCEPT` for `Accept`, `CONTENT_TYPE` for `Content-Type`. */
export const keyOf = (name: string): string => {
  const known = kept.get(name)
  if (known !== undefined) return known
  const key = cgiName(name)
  if (kept.size === most) kept.clear()
  kept.set(name, key)
  return key
}

/** The same for the names that a trusted peer sends: SCRIPT_NAME is the application's mount point. */
export const trustedKeyOf = (name: string): string =>
  name.toUpperCase() === 'SCRIPT_NAME' ? 'SCRIPT_NAME' : keyOf(name)

/** What stands between the values of a key that was sent more than once (RFC 6265, 5.4 for Cookie). */
export const separatorOf = (key: string): string => (key === 'HTTP_COOKIE' ? '; ' : ',')
