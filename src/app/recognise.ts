/**
 * From a value that a module exports to an application, by the table in shapes.ts. It loads nothing and names no
 * files: what it cannot recognise is undefined, and the caller has the words.
 */

import type { Application } from './application.ts'
import { member } from './namespace.ts'
import { fetchFunction, isClass, isPlainFunction, nodeFunction, type Shape, shapes } from './shapes.ts'

/** `app_type`: how the spec's value is to be understood; 'auto' lets the table say. */
export type AppType = 'auto' | 'node' | 'fetch' | 'factory' | 'script' | 'wsgi'

/** A factory that gives a promise of a factory that gives an app is as deep as anyone was seen to go. */
const deepest = 5

/**
 * What `value` is, undefined when nothing fits. May call it (factories), await it, and make it ready; what those
 * throw comes through.
 */
export const recognise = async (value: unknown, type: AppType = 'auto'): Promise<Application | undefined> => {
  if (type === 'factory') return isPlainFunction(value) ? recognise(value()) : undefined
  let current = value
  for (let depth = 0; depth < deepest; depth += 1) {
    const overridden = override(current, type)
    if (overridden !== undefined) return overridden
    const adapted = await shapeOf(current)?.adapt(current)
    if (adapted?.kind !== 'again') return matches(adapted, type) ? adapted : undefined
    current = adapted.value
  }
  return undefined
}

/** The row that fits, without calling anything. */
export const shapeOf = (value: unknown): Shape | undefined => shapes.find(({ test }) => test(value))

/** What a value looks like, for a list of exports. */
export const looksLike = (value: unknown): string => {
  const shape = shapeOf(value)
  if (shape !== undefined) return shape.word
  if (value === null || value === undefined) return String(value)
  if (isClass(value)) return `class ${String(member(value, 'name'))}, not an instance of it`
  if (typeof value !== 'object') return `a ${typeof value}`
  return looksLikeObject(value)
}

/** Objects that are known and still not applications: what to export instead. */
const relatives: ReadonlyArray<{ readonly names: readonly string[]; readonly words: string }> = [
  { names: ['handler', 'stack', 'use'], words: 'H3 version 1: export toNodeListener(app)' },
  {
    names: ['entry', 'routes', 'assets'],
    words: 'a React Router build: give its server, as react-router-serve',
  },
]

const looksLikeObject = (value: object): string => {
  const relative = relatives.find(({ names }) => names.every((name) => name in value))
  if (relative !== undefined) return relative.words
  if (Array.isArray(value)) return 'an array'
  const keys = Object.keys(value)
  const some = keys.slice(0, 5).join(', ') + (keys.length > 5 ? ', ...' : '')
  return keys.length === 0 ? 'an empty object' : `an object with ${some}`
}

/** Functions of any length are what `type` says; factories must be called for what they are, so type 'factory'. */
const override = (value: unknown, type: AppType): Application | undefined => {
  if (!isPlainFunction(value) || !isBare(value)) return undefined
  if (type === 'node') return nodeFunction(value)
  return type === 'fetch' ? fetchFunction(value) : undefined
}

/** A function that only its length tells from other functions. */
const isBare = (value: unknown): boolean =>
  ['factory', 'fetch function', 'node handler'].includes(shapeOf(value)?.word ?? '')

/** 'node' takes servers too: both are fed by node:http. */
const matches = (application: Application | undefined, type: AppType): boolean =>
  type === 'auto' || application === undefined || (application.kind === 'fetch') === (type === 'fetch')
