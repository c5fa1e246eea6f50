/**
 * A loaded module and its attributes, whichever module system it came from.
 *
 * CommonJS hides names from ES modules in three ways: exports that the lexer cannot see are only on `default`,
 * TypeScript's output puts its default export on `default.default`, and Node 23 adds 'module.exports'.
 */

export type Namespace = Readonly<Record<string, unknown>>

/** The attributes tried, in this order, when the spec names none. */
export const defaultNames = ['default', 'app', 'application', 'server', 'handler', 'fetch'] as const

/** An attribute and what it was found on, which is its `this` when it is called. */
export interface Attribute {
  readonly value: unknown
  readonly owner: unknown
}

/** A value's property, undefined for values that have none. */
export const member = (value: unknown, name: string): unknown =>
  (typeof value === 'object' && value !== null) || typeof value === 'function'
    ? Reflect.get(value, name)
    : undefined

/** What CommonJS exported, as if it had been imported. */
export const namespaceOf = (exports: unknown): Namespace =>
  member(exports, '__esModule') === true || isNamespace(exports)
    ? { ...spread(exports) }
    : { default: exports }

/** Follows `path` from the module: the first name is an export, the others are properties. */
export const lookup = (namespace: Namespace, path: readonly string[]): Attribute => {
  const [first = 'default', ...rest] = path
  return rest.reduce<Attribute>(({ value }, name) => ({ value: member(value, name), owner: value }), {
    value: exported(namespace, first),
    owner: undefined,
  })
}

/** Every name that `lookup` would find, for messages. */
export const exportNames = (namespace: Namespace): readonly string[] => {
  const inner = namespace['default']
  const names = new Set([...Object.keys(namespace), ...(isPlain(inner) ? Object.keys(inner) : [])])
  for (const hidden of ['__esModule', 'module.exports']) names.delete(hidden)
  const empty = isPlain(inner) && Object.keys(inner).length === 0
  if (empty || (isPlain(inner) && member(inner, '__esModule') === true && !('default' in inner)))
    names.delete('default')
  return [...names]
}

const exported = (namespace: Namespace, name: string): unknown => {
  const inner = namespace['default']
  if (name === 'default') return member(inner, '__esModule') === true ? member(inner, 'default') : inner
  return namespace[name] ?? member(inner, name) ?? member(namespace['module.exports'], name)
}

const spread = (exports: unknown): Record<string, unknown> =>
  typeof exports === 'object' && exports !== null ? { ...exports } : {}

const isNamespace = (value: unknown): boolean => Object.prototype.toString.call(value) === '[object Module]'

const isPlain = (value: unknown): value is object =>
  typeof value === 'object' &&
  value !== null &&
  [Object.prototype, null].includes(Object.getPrototypeOf(value))
