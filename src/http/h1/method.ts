/** Methods as text. Those everybody uses are recognised byte by byte, so that no text is made for them. */
import { latin1 } from './latin1.ts'

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

/** Whether `text`, of latin1 characters, stands at `start`. */
export const isTextAt = (buffer: Uint8Array, start: number, text: string): boolean => {
  for (let index = 0; index < text.length; index += 1)
    if (buffer[start + index] !== text.charCodeAt(index)) return false
  return true
}

export const methodAt = (buffer: Buffer, start: number, end: number): string => {
  const candidates = usual[end - start]
  if (candidates !== undefined)
    for (const method of candidates) if (isTextAt(buffer, start, method)) return method
  return latin1(buffer, start, end)
}
