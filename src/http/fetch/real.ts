/**
 * The runtime's own Request, Response and Headers. On Node they come with undici, which takes 40 to 70 ms to load, as
 * long as the whole of a worker's start; and from Node 22 on even to look at the globals' descriptors loads it, only
 * to assign to them does not. So the stand-ins do without; what the real classes are is learned once undici is there.
 */

export type WebName = 'Request' | 'Response' | 'Headers'

const standIns = new Map<
  WebName,
  { readonly prototype: object; readonly isLight: (value: object) => boolean }
>()
const known = new Map<WebName, { readonly prototype: object }>()

type Class = abstract new (...args: never[]) => object

/** The name that an object of the platform goes by. It tells Blobs and Responses from others without loading either. */
export const tagOf = (value: object): unknown =>
  (value as { readonly [Symbol.toStringTag]?: unknown })[Symbol.toStringTag]

/** Gives `light` the name of the real class, and has `instanceof` hold for objects of either, with either. */
export const standFor = (name: WebName, light: Class, isLight: (value: object) => boolean): void => {
  standIns.set(name, { prototype: light.prototype, isLight })
  // What else says that it is one comes from the runtime, or from another realm.
  const isEither = (value: unknown): boolean =>
    typeof value === 'object' && value !== null && (isLight(value) || tagOf(value) === name)
  const hasInstance = function (this: unknown, value: unknown): boolean {
    // A subclass inherits this, and is asked for its own instances.
    return this === light ? isEither(value) : Function.prototype[Symbol.hasInstance].call(this, value)
  }
  Object.defineProperties(light, { name: { value: name }, [Symbol.hasInstance]: { value: hasInstance } })
}

/** Learns a real class, so that light objects pass `instanceof` it. */
const learn = (name: WebName, real: { readonly prototype: object }): void => {
  const standIn = standIns.get(name)
  if (known.has(name) || standIn === undefined || real.prototype === standIn.prototype) return
  known.set(name, real)
  Object.setPrototypeOf(standIn.prototype, real.prototype)
}

/** undici says that it is loaded by this, since version 4: its dispatcher is shared by all copies of it. */
const isLoaded = (): boolean => Symbol.for('undici.globalDispatcher.1') in globalThis

/** Learns the classes that the globals are, when looking at them loads nothing. False when it would. */
export const learnGlobals = (): boolean => {
  if (!isLoaded()) return false
  learn('Request', globalThis.Request)
  learn('Response', globalThis.Response)
  learn('Headers', globalThis.Headers)
  return true
}

const ownFetch = globalThis.fetch

/** `fetch`, which shows the classes of what it answers. */
export const realFetch = async (...args: Parameters<typeof fetch>): Promise<Response> => {
  const response = await ownFetch(...args)
  learn('Response', response.constructor as typeof Response)
  learn('Headers', response.headers.constructor as typeof Headers)
  return response
}

/** The real Response, for what only it can do: forms. Loads undici. */
export const realResponse = async (): Promise<typeof Response> => {
  const response = await ownFetch('data:,')
  return response.constructor as typeof Response
}
