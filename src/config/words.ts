/**
 * The words that messages about settings are made of: values shown shortly, the nearest name, the line of a key.
 *
 * It knows no setting and no file of its own.
 */

/** A value as a message or a listing shows it, at most `limit` characters. */
export function shown(value: unknown, limit = 60): string {
  const text = textOf(value)
  return text.length <= limit ? text : `${text.slice(0, limit - 3)}...`
}

function textOf(value: unknown): string {
  if (typeof value === 'function') return value.name === '' ? '[function]' : `[function ${value.name}]`
  if (typeof value === 'string') return `'${value}'`
  if (typeof value !== 'object' || value === null) return String(value)
  try {
    return JSON.stringify(value) ?? String(value)
  } catch (error) {
    // Cycles and bigints: the kind of thing is all that can be said.
    return `[${error instanceof TypeError ? 'object' : String(error)}]`
  }
}

/** `maxRequests`, `max-requests` -> `max_requests`. */
export const toSnakeCase = (name: string): string =>
  name
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replaceAll('-', '_')
    .toLowerCase()

/**
 * The name that was probably meant, or undefined when none is near: the same name in another case, or one that
 * differs in few letters (one in three, at most `most`).
 */
export async function nearestName(
  name: string,
  names: readonly string[],
  most = 4,
): Promise<string | undefined> {
  const snake = toSnakeCase(name)
  if (names.includes(snake)) return snake
  if (names.length === 0) return undefined
  // Needed for wrong input only: nobody else waits for the import.
  const { closest, distance } = await import('fastest-levenshtein')
  const near = closest(snake, names)
  const allowed = Math.min(most, Math.max(1, Math.floor(snake.length / 3)))
  return distance(snake, near) <= allowed ? near : undefined
}

/** ` Did you mean 'workers'?`, or nothing. */
export const didYouMean = (near: string | undefined): string =>
  near === undefined ? '' : ` Did you mean '${near}'?`

/**
 * The line (from 1) on which source text gives `key`: as a property, a YAML or JSON key, or an export. A good guess,
 * not a parse: undefined when nothing looks like it.
 */
export function lineOfKey(source: string, key: string): number | undefined {
  const name = key.replace(/[^\w$]/g, '\\$&')
  const forms = [
    `^\\s*export\\s+(?:const|let|var|(?:async\\s+)?function\\s*\\*?|class)\\s+${name}\\b`,
    `^\\s*(?:module\\.)?exports\\.${name}\\s*=`,
    `^\\s*(?:async\\s+)?['"]?${name}['"]?\\s*[:(,=]`,
    `[{,(]\\s*(?:async\\s+)?['"]?${name}['"]?\\s*[:(,}]`,
  ]
  for (const form of forms) {
    const found = new RegExp(form, 'm').exec(source)
    if (found !== null) return lineAt(source, found.index + found[0].search(/\S/))
  }
  return undefined
}

const lineAt = (source: string, index: number): number => source.slice(0, index).split('\n').length

/** The line of `source` that holds the character at `index`, with its number and a mark below the character. */
export function frameAt(source: string, index: number): string {
  const before = source.slice(0, index).split('\n')
  const line = source.split('\n')[before.length - 1] ?? ''
  const label = `> ${before.length} | `
  return `${label}${line}\n${' '.repeat(label.length + (before.at(-1)?.length ?? 0))}^`
}
