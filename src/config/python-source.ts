/**
 * Where Python source says what, for messages and translations. It looks, it does not parse: what it cannot find is
 * undefined, and what it finds is a good guess.
 */

/** The line (from 1) on which `name` is bound, at the top level if it is there. */
export const lineOfName = (source: string, name: string): number | undefined => {
  const binding = `(?:(?:async\\s+)?def\\s+${name}\\b|class\\s+${name}\\b|(?:[\\w.]+\\s*[,=]\\s*)*${name}\\s*(?:[:,][^=\\n]*)?=(?!=)|(?:from|import)\\b.*\\b${name}\\b)`
  const at = [new RegExp(`^${binding}`, 'mu'), new RegExp(`^[ \\t]+${binding}`, 'mu')]
    .map((form) => source.search(form))
    .find((index) => index >= 0)
  return at === undefined ? undefined : source.slice(0, at).split('\n').length
}

/** The lines of the statement that binds `name`: an assignment to its last bracket, a function with its decorators. */
export const statementOf = (source: string, name: string): readonly string[] | undefined => {
  const line = lineOfName(source, name)
  if (line === undefined) return undefined
  const lines = source.split('\n')
  const first = lines[line - 1] ?? ''
  return /^\s*(?:(?:async\s+)?def|class)\b/u.test(first)
    ? block(lines, line - 1)
    : assignment(lines, line - 1)
}

const block = (lines: readonly string[], at: number): readonly string[] => {
  const decorators = trailing(lines.slice(0, at), (line) => line.startsWith('@'))
  const rest = lines.slice(at + 1)
  // The head of a function may go over several lines, whose last one closes the bracket at the margin.
  const end = rest.findIndex((line) => /^[^\s#)]/u.test(line))
  const body = [lines[at] ?? '', ...(end < 0 ? rest : rest.slice(0, end))]
  while (/^\s*(?:#.*)?$/u.test(body.at(-1) ?? 'x')) body.pop()
  return [...decorators, ...body]
}

const trailing = (lines: readonly string[], fits: (line: string) => boolean): readonly string[] => {
  const from = lines.findLastIndex((line) => !fits(line))
  return lines.slice(from + 1)
}

const assignment = (lines: readonly string[], at: number): readonly string[] => {
  let depth = 0
  for (let end = at; end < lines.length; end += 1) {
    const code = withoutTexts(lines[end] ?? '')
    depth += code.match(/[([{]/gu)?.length ?? 0
    depth -= code.match(/[)\]}]/gu)?.length ?? 0
    if (depth <= 0 && !code.endsWith('\\')) return lines.slice(at, end + 1)
  }
  return lines.slice(at, at + 1)
}

/** A line without its strings and its comment. */
const withoutTexts = (line: string): string =>
  line.replace(/([rRbBuU]{0,2})("(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')|#.*$/gu, '').trimEnd()

/** Whether a value is written there, and not how to come by it: names other than `None` and its kin compute. */
export const isLiteral = (statement: readonly string[]): boolean => {
  const code = statement.map(withoutTexts).join('\n')
  const value = code
    .slice(code.indexOf('=') + 1)
    .replace(/\b(?:None|True|False|0[xob][\da-fA-F_]+|\d[\d_]*)\b/gu, '')
  return (
    /^\s*\S/u.test(statement[0] ?? '') &&
    !/^\s/u.test(statement[0] ?? '') &&
    !/[\p{ID_Start}_%*/]/u.test(value)
  )
}
