/**
 * Reads Prometheus's text, version 0.0.4, and takes nothing that the format does not allow: written from its
 * specification alone, it shares nothing with the writer.
 */
export interface Family {
  readonly name: string
  readonly help: string
  readonly type: string
  readonly samples: {
    readonly name: string
    readonly labels: Record<string, string>
    readonly value: number
  }[]
}

const unescaped = (text: string, quotes: boolean): string =>
  text.replace(/\\(.?)/gs, (_, letter: string) => {
    if (letter === '\\') return '\\'
    if (letter === 'n') return '\n'
    if (letter === '"' && quotes) return '"'
    throw new SyntaxError(`\\${letter} is no escape`)
  })

const numberOf = (text: string): number => {
  const special = { '+Inf': Infinity, '-Inf': -Infinity, NaN }[text]
  if (special !== undefined) return special
  if (!/^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$/.test(text)) throw new SyntaxError(`'${text}' is no number`)
  return Number(text)
}

const labelsOf = (text: string): Record<string, string> => {
  const labels: Record<string, string> = {}
  let rest = text
  while (rest !== '') {
    const match = /^([a-zA-Z_]\w*)="((?:[^"\\\n]|\\.)*)"(?:,|$)/.exec(rest)
    if (match === null) throw new SyntaxError(`'${rest}' are no labels`)
    const [all, name = '', value = ''] = match
    if (name in labels) throw new SyntaxError(`the label ${name} stands twice`)
    labels[name] = unescaped(value, true)
    rest = rest.slice(all.length)
  }
  return labels
}

const allowed = (family: Family, name: string): boolean =>
  family.type === 'histogram'
    ? ['_bucket', '_sum', '_count'].some((suffix) => name === family.name + suffix)
    : name === family.name

export const parse = (text: string): Family[] => {
  if (!text.endsWith('\n')) throw new SyntaxError('the last line has no end')
  const families: Family[] = []
  const seen = new Set<string>()
  let help: { name: string; text: string } | undefined
  for (const line of text.slice(0, -1).split('\n')) {
    const [, kind, name = '', words = ''] = /^# (HELP|TYPE) ([a-zA-Z_:][\w:]*) (.*)$/.exec(line) ?? []
    if (kind === 'HELP') help = { name, text: unescaped(words, false) }
    else if (kind === 'TYPE') {
      if (help?.name !== name) throw new SyntaxError(`TYPE of ${name} without its HELP before it`)
      if (families.some((family) => family.name === name)) throw new SyntaxError(`${name} stands twice`)
      if (!['counter', 'gauge', 'histogram'].includes(words)) throw new SyntaxError(`'${words}' is no type`)
      families.push({ name, help: help.text, type: words, samples: [] })
    } else {
      const match = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/.exec(line)
      const family = families.at(-1)
      if (match === null || family === undefined) throw new SyntaxError(`'${line}' is no sample`)
      const [, sample = '', labels = '', value = ''] = match
      if (!allowed(family, sample)) throw new SyntaxError(`${sample} does not belong to ${family.name}`)
      if (seen.has(`${sample}{${labels}}`)) throw new SyntaxError(`${sample}{${labels}} stands twice`)
      seen.add(`${sample}{${labels}}`)
      family.samples.push({ name: sample, labels: labelsOf(labels), value: numberOf(value) })
    }
  }
  return families
}
