/** What a call of `server.listen(...)` asks for. Node accepts nine forms (net.Server, `server.listen()`); this reads them. */

export interface ListenRequest {
  /** As `port 3000`, `/run/x.sock` or `fd 3`: equal for equal places, whatever the form or the host. */
  readonly place: string
  /** 0 asks for any free port; undefined for paths and descriptors. */
  readonly port: number | undefined
  readonly host: string | undefined
  readonly path: string | undefined
  readonly byDescriptor: boolean
  /** For a listen of one's own: node:cluster is not asked. */
  readonly options: Record<string, unknown>
  readonly callback: (() => void) | undefined
  readonly signal: AbortSignal | undefined
}

/** Reads the arguments of `listen`; what Node itself would refuse is left for Node to refuse. */
export const readListen = (args: readonly unknown[]): ListenRequest => {
  const options = optionsOf(args)
  const port = portOf(options['port'])
  const path = typeof options['path'] === 'string' && port === undefined ? options['path'] : undefined
  // A handle from another process is its own place, as a descriptor is.
  const byDescriptor = options['fd'] !== undefined || '_handle' in options || isRawHandle(args[0])
  const host = typeof options['host'] === 'string' ? options['host'] : undefined
  const callback = args.findLast(isCallback)
  const signal = options['signal'] instanceof AbortSignal ? options['signal'] : undefined
  const place = byDescriptor ? `fd ${String(options['fd'])}` : (path ?? `port ${port ?? 0}`)
  return {
    place,
    port: byDescriptor || path !== undefined ? undefined : (port ?? 0),
    host,
    path,
    byDescriptor,
    options: { ...options, exclusive: true },
    callback,
    signal,
  }
}

const optionsOf = (args: readonly unknown[]): Record<string, unknown> => {
  const [first, second, third] = args
  if (typeof first === 'object' && first !== null) return { ...first }
  if (typeof first === 'string' && portOf(first) === undefined)
    return { path: first, ...(typeof second === 'number' && { backlog: second }) }
  const backlog = typeof second === 'number' ? second : third
  return {
    port: portOf(first) ?? 0,
    ...(typeof second === 'string' && { host: second }),
    ...(typeof backlog === 'number' && { backlog }),
  }
}

const portOf = (value: unknown): number | undefined => {
  if (typeof value === 'number') return value
  return typeof value === 'string' && /^\d+$/u.test(value) ? Number(value) : undefined
}

const isRawHandle = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && 'listen' in value && 'getAsyncId' in value

const isCallback = (value: unknown): value is () => void => typeof value === 'function'
