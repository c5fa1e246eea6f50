/**
 * The fields of responses, written out once: most applications send the same few sets again and again, so the last
 * set of every length is kept, and compared before a new one is made.
 */
import { type Fields, fieldsOf, noFields } from '../h1/fields.ts'
import { jsonType, textType } from './response-body.ts'

/** Longer lists, name and value counted, are not kept. */
const longest = 32

interface Kept {
  readonly flat: readonly string[]
  readonly fields: Fields
}
const kept: (Kept | undefined)[] = Array.from({ length: longest + 1 })

const isSame = (one: readonly string[], other: readonly string[]): boolean => {
  for (let index = 0; index < one.length; index += 1) if (one[index] !== other[index]) return false
  return true
}

/** Of name, value, name, value ...; throws TypeError as `fieldsOf` does. */
export const fieldsFor = (flat: readonly string[]): Fields => {
  const { length } = flat
  if (length === 0) return noFields
  const before = kept[length]
  if (before !== undefined && isSame(before.flat, flat)) return before.fields
  const fields = fieldsOf(flat)
  if (length <= longest) kept[length] = { flat: flat.slice(), fields }
  return fields
}

const textFields = fieldsOf(['content-type', textType])
const jsonFields = fieldsOf(['content-type', jsonType])

/** Of a response that has no header but what its body implies. */
export const fieldsForType = (type: string | undefined): Fields => {
  if (type === textType) return textFields
  if (type === jsonType) return jsonFields
  return type === undefined ? noFields : fieldsFor(['content-type', type])
}
