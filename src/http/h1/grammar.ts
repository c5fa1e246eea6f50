/**
 * The grammar of RFC 9110 and 9112 as tables of 256 bytes: 1 where a byte may stand. Looked up for every byte of
 * every head, so they are flat arrays and nothing else.
 */

const table = (allowed: (code: number) => boolean): Uint8Array =>
  Uint8Array.from({ length: 256 }, (_, code) => (allowed(code) ? 1 : 0))

const oneOf = (characters: string) => (code: number) => characters.includes(String.fromCharCode(code))
const isDigit = (code: number): boolean => code >= 0x30 && code <= 0x39
const isLetter = (code: number): boolean => (code >= 0x41 && code <= 0x5a) || (code >= 0x61 && code <= 0x7a)

/** token, RFC 9110, 5.6.2: names of fields, methods. */
export const tokenBytes = table((code) => isDigit(code) || isLetter(code) || oneOf("!#$%&'*+-.^_`|~")(code))

/** field-vchar, SP and HTAB, RFC 9110, 5.5: values of fields; obs-text (0x80 and up) included. */
export const valueBytes = table((code) => code === 9 || (code >= 0x20 && code !== 0x7f))

/** token and what Gunicorn's convention leaves of it: methods without small letters and `#`. */
export const conventionalMethodBytes = table(
  (code) => tokenBytes[code] === 1 && !(code >= 0x61 && code <= 0x7a) && code !== 0x23,
)

/** token once more: 1, but 3 for `_`, so that a scan notices it by the way. */
export const nameBytes = tokenBytes.map((allowed, code) => (code === 0x5f ? 3 : allowed))

/**
 * What a target may hold: visible ASCII without `#` (RFC 9112, 3.2: no form of target has a fragment), and
 * obs-text as clients send it. The rest is left to URIs.
 */
export const targetBytes = table((code) => code > 0x20 && code !== 0x7f && code !== 0x23)

/** reg-name and IPv4address without pct-encoded, RFC 3986, 3.2.2: unreserved and sub-delims. */
export const hostBytes = table((code) => isDigit(code) || isLetter(code) || oneOf("-._~!$&'()*+,;=")(code))

/** qdtext, RFC 9110, 5.6.4. */
export const quotedBytes = table((code) => valueBytes[code] === 1 && code !== 0x22 && code !== 0x5c)

/** SP and HTAB, and the CRLF of an obs-fold, which counts as white space where folding is allowed at all. */
export const spaceBytes = table(oneOf(' \t\r\n'))

/** The value of a HEXDIG, 16 for every other byte. */
export const hexValues = Uint8Array.from({ length: 256 }, (_, code) => {
  const value = Number.parseInt(String.fromCharCode(code), 16)
  return Number.isNaN(value) ? 16 : value
})

/** Small letters for capitals, every other byte as it is. */
export const lowerBytes = Uint8Array.from({ length: 256 }, (_, code) =>
  code >= 0x41 && code <= 0x5a ? code + 0x20 : code,
)

const every = (text: string, bytes: Uint8Array): boolean => {
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index)
    if (code > 255 || bytes[code] === 0) return false
  }
  return true
}

export const isToken = (text: string): boolean => text !== '' && every(text, tokenBytes)

/** Whether `text` may be a field's value; characters above 255 have no byte to be sent as. */
export const isFieldValue = (text: string): boolean => every(text, valueBytes)
