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
