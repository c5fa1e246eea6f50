/**
 * Headers as in the Fetch standard: over the fields of a request, which are looked at where they are until more than
 * `get` and `has` is asked for; or over a list of its own. It builds none of the runtime's Headers.
 *
 * Two differences, on purpose: iteration is over what was there when it began, and nothing is immutable.
 */
import type { HeaderBlock } from '../h1/header-block.ts'
import { normalName, normalValue } from './header-values.ts'
import { standFor, tagOf } from './real.ts'

type Init = Iterable<readonly string[]> | Readonly<Record<string, string>> | LightHeaders
type Visitor = (value: string, name: string, headers: LightHeaders) => void

/** Name, value, name, value ...: names in small letters, each once but `set-cookie`. Not to be changed, nor kept. */
export let flatOf: (headers: LightHeaders) => readonly string[]
/** A view over the fields of a request. */
export let viewOf: (block: HeaderBlock) => LightHeaders
export let isLightHeaders: (value: object) => value is LightHeaders

/** RFC 9110, 5.3; cookies of one request are one list of pairs, RFC 9113, 8.2.3. */
const separatorOf = (name: string): string => (name === 'cookie' ? '; ' : ', ')

export class LightHeaders {
  static {
    flatOf = (headers) => headers.#flat
    isLightHeaders = (value): value is LightHeaders => #list in value
    viewOf = (block) => {
      const headers = new LightHeaders()
      headers.#block = block
      return headers
    }
  }

  /** Until it is read whole or changed; then its fields are in the list. */
  #block: HeaderBlock | undefined
  #list: string[] = []

  constructor(init?: Init | null) {
    if (init === undefined || init === null) return
    if (typeof init !== 'object')
      throw new TypeError('Headers: the initial value is neither a list of pairs nor an object.')
    if (isLightHeaders(init)) this.#list = init.#flat.slice()
    else if (Symbol.iterator in init) this.#addPairs(init)
    else this.#addRecord(init)
  }

  get [Symbol.toStringTag](): string {
    return 'Headers'
  }

  get(name: string): string | null {
    const lower = normalName(name)
    if (this.#block !== undefined) return this.#block.get(lower) ?? null
    const index = this.#find(lower)
    if (index === -1) return null
    return lower === 'set-cookie' ? this.getSetCookie().join(', ') : (this.#list[index + 1] ?? null)
  }

  has(name: string): boolean {
    const lower = normalName(name)
    return this.#block === undefined ? this.#find(lower) !== -1 : this.#block.find(lower) !== -1
  }

  set(name: string, value: string): void {
    const lower = normalName(name)
    const text = normalValue(value)
    const index = this.#own().#find(lower)
    if (index === -1) this.#list.push(lower, text)
    else if (lower === 'set-cookie') this.#remove(lower).push(lower, text)
    else this.#list[index + 1] = text
  }

  append(name: string, value: string): void {
    this.#own().#add(normalName(name), normalValue(value))
  }

  delete(name: string): void {
    const lower = normalName(name)
    if (this.#own().#find(lower) !== -1) this.#remove(lower)
  }

  getSetCookie(): string[] {
    const list = this.#flat
    return list.filter((_, index) => index % 2 === 1 && list[index - 1] === 'set-cookie')
  }

  forEach(visit: Visitor, thisArgument?: unknown): void {
    for (const [name, value] of this.#sorted()) Reflect.apply(visit, thisArgument, [value, name, this])
  }

  entries(): ArrayIterator<[string, string]> {
    return this.#sorted()[Symbol.iterator]()
  }

  keys(): ArrayIterator<string> {
    return this.#sorted()
      .map(([name]) => name)
      [Symbol.iterator]()
  }

  values(): ArrayIterator<string> {
    return this.#sorted()
      .map(([, value]) => value)
      [Symbol.iterator]()
  }

  [Symbol.iterator](): ArrayIterator<[string, string]> {
    return this.entries()
  }

  toJSON(): Record<string, string> {
    return Object.fromEntries(this.#sorted().map(([name]) => [name, this.get(name) ?? '']))
  }

  [Symbol.for('nodejs.util.inspect.custom')](
    _: number,
    options: object,
    inspect: (value: unknown, options: object) => string,
  ): string {
    return `Headers ${inspect(this.toJSON(), options)}`
  }

  get #flat(): string[] {
    return this.#own().#list
  }

  /** Takes the fields out of the block, once. What the parser let through needs no second look. */
  #own(): this {
    const block = this.#block
    if (block === undefined) return this
    this.#block = undefined
    for (let index = 0; index < block.count; index += 1)
      this.#add(block.name(index).toLowerCase(), block.value(index))
    return this
  }

  #addPairs(pairs: Iterable<readonly string[]>): void {
    for (const pair of pairs) {
      const [name, value, ...more] = pair
      if (name === undefined || value === undefined || more.length > 0)
        throw new TypeError('Headers: an entry of the initial value is not a pair of name and value.')
      this.#add(normalName(name), normalValue(value))
    }
  }

  #addRecord(record: Readonly<Record<string, string>>): void {
    for (const name of Object.keys(record)) this.#add(normalName(name), normalValue(record[name] as string))
  }

  #add(lower: string, text: string): void {
    const list = this.#list
    const index = lower === 'set-cookie' ? -1 : this.#find(lower)
    if (index === -1) list.push(lower, text)
    else list[index + 1] += separatorOf(lower) + text
  }

  #find(lower: string): number {
    const list = this.#list
    for (let index = 0; index < list.length; index += 2) if (list[index] === lower) return index
    return -1
  }

  #remove(lower: string): string[] {
    const list = this.#list
    this.#list = list.filter((_, index) => list[index - (index % 2)] !== lower)
    return this.#list
  }

  #sorted(): [string, string][] {
    const list = this.#flat
    const pairs: [string, string][] = []
    for (let index = 0; index < list.length; index += 2)
      pairs.push([list[index] ?? '', list[index + 1] ?? ''])
    return pairs.sort(([one], [other]) => (one < other ? -1 : one > other ? 1 : 0))
  }
}

standFor('Headers', LightHeaders, isLightHeaders)

/** The headers that an application gave, light ones as they are, others copied. */
export const lightOf = (init: unknown): LightHeaders =>
  typeof init === 'object' && init !== null && tagOf(init) === 'Headers' && isLightHeaders(init)
    ? init
    : new LightHeaders(init as Init)
