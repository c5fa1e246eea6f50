/**
 * The server's own answers, for requests that never reach the application. They hold nothing of the request:
 * what a client sent is not repeated to whoever reads the answer.
 */
import { STATUS_CODES } from 'node:http'

const sentences: Readonly<Record<number, string>> = {
  400: 'The request could not be understood.',
  408: 'The request did not arrive in time.',
  414: 'The request line is too long.',
  417: 'The expectation cannot be met.',
  431: 'The header fields are too many or too large.',
  500: 'The application failed to answer.',
  501: 'This method is not served here.',
}

/** The small page for an error status, HTML, ASCII only. */
export const errorPage = (status: number): string => {
  const title = `${status} ${STATUS_CODES[status] ?? 'Error'}`
  const sentence = sentences[status] ?? ''
  return `<!doctype html><html><head><title>${title}</title></head><body><h1>${title}</h1><p>${sentence}</p></body></html>\n`
}

/** A whole HTTP/1.1 response that ends its connection. */
export const errorResponse = (status: number): string => {
  const page = errorPage(status)
  const reason = STATUS_CODES[status] ?? 'Error'
  const headers = `Content-Type: text/html\r\nContent-Length: ${page.length}\r\nConnection: close`
  return `HTTP/1.1 ${status} ${reason}\r\nDate: ${new Date().toUTCString()}\r\n${headers}\r\n\r\n${page}`
}

/** Which status answers an error of node's parser, by its code; everything else it can say is a bad request. */
export const statusOfParseError = (code: unknown): number => statuses[String(code)] ?? 400

const statuses: Readonly<Record<string, number>> = {
  HPE_HEADER_OVERFLOW: 431,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
}
