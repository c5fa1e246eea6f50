/** Bytes as text, one character for each. */

interface Slicing {
  latin1Slice?(start: number, end: number): string
}

/** Node's own primitive beneath `toString`, half its price; public, but missing from the types of Node 20. */
const slices = typeof (Buffer.prototype as Slicing).latin1Slice === 'function'

/** Bytes `start` to `end`, which must be within the buffer. */
export const latin1 = (buffer: Buffer, start: number, end: number): string =>
  slices
    ? (buffer as unknown as Required<Slicing>).latin1Slice(start, end)
    : buffer.toString('latin1', start, end)

/** Up to here a loop over the bytes costs less than a call into Node and the text that it makes. */
const short = 40

/** Whether `text`, of latin1 characters, stands at `start`; its bytes must be within the buffer. */
export const isTextAt = (buffer: Buffer, start: number, text: string): boolean => {
  const { length } = text
  if (length > short) return latin1(buffer, start, start + length) === text
  for (let index = 0; index < length; index += 1)
    if (buffer[start + index] !== text.charCodeAt(index)) return false
  return true
}

/** As `latin1`; when the bytes are those of `likely`, no text is made. */
export const latin1Again = (buffer: Buffer, start: number, end: number, likely: string): string =>
  end - start === likely.length && isTextAt(buffer, start, likely) ? likely : latin1(buffer, start, end)
