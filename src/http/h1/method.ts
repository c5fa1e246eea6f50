/** Methods as text. Those everybody uses are recognised byte by byte, so that no text is made for them. */
import { isTextAt, latin1 } from './latin1.ts'

/** By length; the first of each is the likeliest. */
const usual: readonly (readonly string[])[] = [
  [],
  [],
  [],
  ['GET', 'PUT'],
  ['POST', 'HEAD'],
  ['PATCH', 'TRACE'],
  ['DELETE'],
  ['OPTIONS', 'CONNECT'],
]

export const methodAt = (buffer: Buffer, start: number, end: number): string => {
  const candidates = usual[end - start]
  if (candidates !== undefined)
    for (const method of candidates) if (isTextAt(buffer, start, method)) return method
  return latin1(buffer, start, end)
}
