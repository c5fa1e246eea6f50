/**
 * A page of instructions as steps: what a reader writes, gives, and is told. It runs nothing.
 *
 * A block whose first line is a comment with a file's name is that file. A block of `sh` is given line by line; one
 * whose only line starts a server goes on while the next ones are given. A block of `text` is what the lines of the
 * block before it print.
 */

export type Step =
  | { readonly kind: 'file'; readonly name: string; readonly text: string }
  | { readonly kind: 'server'; readonly line: string }
  | { readonly kind: 'lines'; readonly lines: readonly string[]; readonly prints?: string }

export interface Walkthrough {
  readonly title: string
  readonly steps: readonly Step[]
}

interface Block {
  readonly language: string
  readonly text: string
}

const fileName = /^(?:\/\/|#) (\S+\.\w+)$/

const serverLine = /^npx tsgunicorn (?!init\b|--check-config\b|--print-config\b|-D\b)/

/** The page's sections that have steps; the first, without a title, is what stands before all of them. */
export const walkthroughsOf = (markdown: string): readonly Walkthrough[] =>
  `\n${markdown}`
    .split(/\n## /)
    .map((section, index) => ({
      title: index === 0 ? '' : (section.split('\n', 1)[0] ?? ''),
      steps: stepsOf(blocksOf(section)),
    }))
    .filter(({ steps }) => steps.length > 0)

const blocksOf = (section: string): readonly Block[] =>
  [...section.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].map(([, language = '', text = '']) => ({
    language,
    text,
  }))

const stepsOf = (blocks: readonly Block[]): readonly Step[] => {
  const steps: Step[] = []
  for (const { language, text } of blocks) {
    const name = fileName.exec(text.split('\n', 1)[0] ?? '')?.[1]
    if (name !== undefined) steps.push({ kind: 'file', name, text })
    else if (language === 'sh') steps.push(given(text.trimEnd().split('\n')))
    else if (language === 'text') steps.push(printing(steps.pop(), text))
    else
      throw new Error(`a block of '${language}' is neither a named file, nor commands, nor what they print`)
  }
  return steps
}

const given = (lines: readonly string[]): Step => {
  const [line = ''] = lines
  if (lines.length === 1 && serverLine.test(line)) return { kind: 'server', line }
  const hidden = lines.find((each) => serverLine.test(each))
  if (hidden !== undefined) throw new Error(`'${hidden}' needs a block of its own: it does not end`)
  return { kind: 'lines', lines }
}

const printing = (before: Step | undefined, text: string): Step => {
  if (before?.kind === 'lines') return { ...before, prints: text }
  throw new Error(`nothing is given that could print:\n${text}`)
}
