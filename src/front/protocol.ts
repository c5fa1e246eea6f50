/**
 * The words of the bridge: types of frames, their flags and bounds, as README.md has them. Nothing else is here, and
 * nobody else states them.
 */

export const protocolVersion = 1

/** Front to worker. */
export const toWorker = {
  hello: 1,
  shape: 2,
  request: 3,
  body: 4,
  bodyEnd: 5,
  abort: 6,
  fileOk: 7,
  poke: 8,
} as const

/** Worker to front. */
export const toFront = {
  hello: 65,
  full: 66,
  head: 67,
  chunk: 68,
  end: 69,
  file: 70,
  inform: 71,
  error: 72,
  want: 73,
  goAway: 74,
  returned: 75,
  timeout: 76,
} as const

/** HELLO: this is a control channel. */
export const controlFlag = 1
/** REQ: the body comes by WANT. */
export const streamedFlag = 1
/** BODYEND and END: not all of it came, or will come. FILEOK: refused. */
export const failedFlag = 1

/** Bytes of a frame's header, and the most that may follow it. */
export const headerSize = 16
export const mostLength = 16 * 1024 * 1024

/** Bytes of a piece of request body. */
export const pieceSize = 65_536
