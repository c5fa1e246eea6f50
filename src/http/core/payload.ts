/** The body of a response: whether there is one, how long it is, and what Content-Length says of it. Pure. */
import { latin1 } from '../h1/latin1.ts'

export const lacksBody = (method: string, status: number): boolean =>
  status === 204 || status === 304 || method === 'HEAD'

export const lengthOf = (body: string | Uint8Array | undefined): number => {
  if (body === undefined) return 0
  return typeof body === 'string' ? Buffer.byteLength(body) : body.byteLength
}

export const textOf = (bytes: Uint8Array): string => {
  const buffer = Buffer.isBuffer(bytes)
    ? bytes
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return latin1(buffer, 0, buffer.length)
}

/** RFC 9110, 8.6: none with 204; with HEAD and 304 what the GET's would be, when that is known. */
export const lengthLine = (
  status: number,
  said: number,
  length: number,
  bodyless: boolean,
  body: string | Uint8Array | undefined,
): string => {
  if (!bodyless) return `Content-Length: ${length}\r\n`
  if (status === 204) return ''
  if (said !== -1) return `Content-Length: ${said}\r\n`
  return body === undefined || status === 304 ? '' : `Content-Length: ${length}\r\n`
}
