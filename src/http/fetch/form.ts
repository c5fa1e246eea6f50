/**
 * Forms as bodies: multipart/form-data (RFC 7578) is written here, as parts of one Blob, so that files are read when
 * they are sent; forms are read by the runtime's own Response, which is loaded for it. So is the global `crypto`:
 * importing node:crypto would cost every worker's boot some milliseconds.
 */
import { realResponse } from './real.ts'

/** HTML, "multipart/form-data encoding": what would end a quoted name is escaped. */
const escaped = (name: string): string => name.replace(/\r\n?|\n/g, '%0D%0A').replaceAll('"', '%22')

const headOf = (name: string, value: string | File): string =>
  typeof value === 'string'
    ? `Content-Disposition: form-data; name="${escaped(name)}"\r\n\r\n`
    : `Content-Disposition: form-data; name="${escaped(name)}"; filename="${escaped(value.name)}"\r\n` +
      `Content-Type: ${value.type || 'application/octet-stream'}\r\n\r\n`

/** The Blob, whose type names the boundary. */
export const writeForm = (form: FormData): { readonly source: Blob; readonly type: string } => {
  const boundary = `----form-${crypto.randomUUID()}`
  const parts: (string | Blob)[] = []
  for (const [name, value] of form) {
    const sent = typeof value === 'string' ? value.replace(/\r?\n|\r/g, '\r\n') : value
    parts.push(`--${boundary}\r\n${headOf(name, value)}`, sent as string | Blob, '\r\n')
  }
  parts.push(`--${boundary}--\r\n`)
  return { source: new Blob(parts), type: `multipart/form-data; boundary=${boundary}` }
}

/** Rejects with TypeError for what is no form. */
export const readForm = async (
  body: ReadableStream<Uint8Array> | Uint8Array | null,
  type: string | null,
): Promise<FormData> => {
  const RealResponse = await realResponse()
  const headers = type === null ? {} : { headers: { 'content-type': type } }
  return new RealResponse(body as ReadableStream, headers).formData()
}
