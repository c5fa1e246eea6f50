/**
 * The first bytes on a TLS port, looked at before TLS is: many clients forget the `s` of https, and deserve an answer
 * that they can read. It knows no TLS but the byte that each connection begins with.
 */
import type { Socket } from 'node:net'

/** RFC 8446, 5.1: every connection begins with a record of this content type. */
const handshakeRecord = 0x16

/** What stands at the start: a TLS record, the letter of a method, or neither. */
export const kindOfStart = (bytes: Uint8Array): 'tls' | 'http' | 'other' => {
  const [first = 0] = bytes
  if (first === handshakeRecord) return 'tls'
  return first >= 0x41 && first <= 0x5a ? 'http' : 'other'
}

const words = 'plain HTTP was sent to a TLS port'
const title = '400 Bad Request'
const page = `<!doctype html><html><head><title>${title}</title></head><body><h1>${title}</h1><p>Plain HTTP was sent to a TLS port. Use https.</p></body></html>\n`
const answer = `HTTP/1.1 ${title}\r\nContent-Type: text/html\r\nContent-Length: ${page.length}\r\nConnection: close\r\n\r\n${page}`

export const plainReason = words

/** Time for the rest of the request: closing a socket with unread bytes makes the kernel send RST. */
const lingerMs = 500

/** Answers 400 in the clear, and ends the connection. */
export const answerPlain = (socket: Socket): void => {
  socket.end(answer, 'latin1')
  socket.resume()
  const timer = setTimeout(() => socket.destroy(), lingerMs).unref()
  socket.once('close', () => clearTimeout(timer))
}

/**
 * Calls `seen` once with the first bytes, which then are back in the socket. A client that leaves without a byte is
 * let go: our half would stay open.
 */
export const peek = (socket: Socket, seen: (bytes: Buffer) => void): void => {
  const leave = (): void => void socket.destroy()
  const look = (): void => {
    const bytes: Buffer | null = socket.read()
    if (bytes === null) return
    socket.off('readable', look).off('end', leave)
    socket.unshift(bytes)
    seen(bytes)
  }
  socket.on('readable', look).once('end', leave)
}
