/**
 * The runtime's own Request, Response and Headers, loaded when first needed: on Node they come with undici, which
 * takes 40 to 60 ms to load, as long as the whole of a worker's start. Everything here works without them until an
 * application asks for what only they can do. Knows neither HTTP nor the stand-ins.
 */

export interface RealWeb {
  readonly Request: typeof Request
  readonly Response: typeof Response
  readonly Headers: typeof Headers
}

export type WebName = keyof RealWeb

// Node defines these as getters that load; a descriptor can be had without calling one.
const own = {
  Request: Object.getOwnPropertyDescriptor(globalThis, 'Request'),
  Response: Object.getOwnPropertyDescriptor(globalThis, 'Response'),
  Headers: Object.getOwnPropertyDescriptor(globalThis, 'Headers'),
}

/** How the globals were when this module was loaded: what is put back. */
export const originals: Readonly<Record<WebName, PropertyDescriptor | undefined>> = own

const standIns = new Map<WebName, object>()
let loaded: RealWeb | undefined

/** Has `instanceof` the real class hold for objects of `prototype`, as soon as there is a real class. */
export const linkTo = (name: WebName, prototype: object): void => {
  standIns.set(name, prototype)
}

type Class = abstract new (...args: never[]) => object

/** Gives `light` the name of the real class, and has `instanceof` hold for objects of either, with either. */
export const standFor = (name: WebName, light: Class, isLight: (value: object) => boolean): void => {
  linkTo(name, light.prototype)
  const isEither = (value: unknown): boolean =>
    (typeof value === 'object' && value !== null && isLight(value)) || isReal(name, value)
  const hasInstance = function (this: unknown, value: unknown): boolean {
    // A subclass inherits this, and is asked for its own instances.
    return this === light ? isEither(value) : Function.prototype[Symbol.hasInstance].call(this, value)
  }
  Object.defineProperties(light, { name: { value: name }, [Symbol.hasInstance]: { value: hasInstance } })
}

/** The real classes; the first call may take 50 ms. */
export const real = (): RealWeb => {
  loaded ??= load()
  return loaded
}

const load = (): RealWeb => {
  const web = { Request: take('Request'), Response: take('Response'), Headers: take('Headers') } as RealWeb
  for (const [name, prototype] of standIns) Object.setPrototypeOf(prototype, web[name].prototype)
  return web
}

const take = (name: WebName): unknown => {
  const descriptor = own[name]
  const now = Object.getOwnPropertyDescriptor(globalThis, name)
  const value: unknown = descriptor?.get ? descriptor.get.call(globalThis) : descriptor?.value
  // Node's getter puts the class in its own place, where by now a stand-in may be.
  if (now !== undefined && now.get === undefined) Object.defineProperty(globalThis, name, now)
  return value
}

/** The name that an object of the platform goes by. It tells Blobs and Responses from others without loading either. */
export const tagOf = (value: object): unknown =>
  (value as { readonly [Symbol.toStringTag]?: unknown })[Symbol.toStringTag]

/** `value instanceof` the real class, which is not loaded for objects that cannot be of it. */
export const isReal = (name: WebName, value: unknown): boolean =>
  typeof value === 'object' && value !== null && tagOf(value) === name && value instanceof real()[name]
