/** Commands in the documents are ones that the programs understand, and their flags are theirs. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readArguments } from '../src/cli/arguments.ts'
import { flagForms, ownFlags } from '../src/cli/flags.ts'
import { readArguments as readClientArguments } from '../src/client/arguments.ts'
import { commandNames, globalFlags, specOf } from '../src/client/commands.ts'
import { settings } from '../src/config/settings/index.ts'
import { messageOf } from '../src/errors.ts'
import { flagsOf, usesIn } from './support/commands.ts'
import { repository } from './support/machine.ts'
import { isByHand, pages } from './support/markdown.ts'

const all = pages()
const byHand = all.filter(isByHand)

/** `tsgunicorn init` reads its few flags by itself: they stand in its source. */
const initSource = readdirSync(join(repository, 'src/cli'))
  .map((name) => readFileSync(join(repository, 'src/cli', name), 'utf8'))
  .join('\n')

const serverFlags: ReadonlySet<string> = new Set([...flagForms(settings).keys(), ...Object.keys(ownFlags)])
const clientFlags: ReadonlySet<string> = new Set(
  [...globalFlags, ...commandNames.flatMap((name) => specOf(name).flags)].map(({ name }) => `--${name}`),
)

const isInit = (words: readonly string[]): boolean => words[0] === 'init'

describe('commands', () => {
  const codes = all.map(({ path, blocks, spans }) => ({
    path,
    uses: [...blocks.map(({ text }) => text), ...spans].flatMap(usesIn),
  }))

  test('every flag that is given to one of the two programs is one of its own', () => {
    const wrong = codes.flatMap(({ path, uses }) =>
      uses.flatMap(({ program, words }) =>
        flagsOf(words)
          .filter((flag) => {
            if (program === 'tsgunicornc') return !clientFlags.has(flag)
            return isInit(words) ? !initSource.includes(flag) : !serverFlags.has(flag)
          })
          .map((flag) => `${path}: ${program} ${flag}`),
      ),
    )
    expect(codes.flatMap(({ uses }) => uses).length).toBeGreaterThan(100)
    expect(wrong).toEqual([])
  })

  test('every command line is one that the program itself understands', async () => {
    const wrong: string[] = []
    let count = 0
    for (const { path, blocks, spans } of byHand) {
      const lines = blocks.filter(({ language }) => language === 'sh' || language === '')
      const alone = spans.filter((span) => /^(npx )?tsgunicornc? /.test(span))
      for (const { program, words } of [...lines.map(({ text }) => text), ...alone].flatMap(usesIn)) {
        if (words.length === 0) continue
        count++
        const given = words.map((word) => placeholders[word] ?? word)
        try {
          if (program === 'tsgunicornc') readClientArguments(given)
          else await readArguments(given)
        } catch (error) {
          wrong.push(`${path}: ${program} ${words.join(' ')}: ${messageOf(error)}`)
        }
      }
    }
    expect(count).toBeGreaterThan(60)
    expect(wrong).toEqual([])
  })

  test('two commands in a line, and comments behind them, are told apart', () => {
    expect(
      usesIn('tsgunicorn a.js   tsgunicorn b.js  # x\ntsgunicornc status | jq .').map(({ words }) => words),
    ).toEqual([['a.js'], ['b.js'], ['status']])
  })

  test('a command line that is wrong is found', async () => {
    const [use] = usesIn('A=1 npx tsgunicorn -w 2 --wrokers 3 app.js # no flag\n')
    await expect(readArguments(use?.words ?? [])).rejects.toThrow(/--wrokers/)
    expect(() => readClientArguments(usesIn('tsgunicornc relaod --wait')[0]?.words ?? [])).toThrow(/relaod/)
  })

  test('a flag that stands alone in a page written by hand is one of the two programs', () => {
    // Pages about moving from another server name its flags, too.
    const ours = byHand.filter(
      ({ path }) => !path.startsWith('docs/migrate/') && /^(README|docs\/)/.test(path),
    )
    const alone = ours.flatMap(({ path, spans }) =>
      spans
        .filter((span) => /^--?[a-z]/.test(span))
        .flatMap((span) => flagsOf(span.split(' ')).slice(0, 1))
        .map((flag) => [path, flag] as const),
    )
    expect(alone.length).toBeGreaterThan(5)
    expect(
      alone.filter(([, flag]) => !ofNode.has(flag) && !serverFlags.has(flag) && !clientFlags.has(flag)),
    ).toEqual([])
  })
})

/** Flags that `node_options` may hold, `init`'s own, and docker's. */
const ofNode: ReadonlySet<string> = new Set([
  '--max-old-space-size',
  '--enable-source-maps',
  '--import',
  '--force',
  '--from',
  '--init',
  '--stop-timeout',
])

/** What stands for something in a command line. */
const placeholders: Readonly<Record<string, string>> = {
  PID: '1',
  N: '2',
  SECONDS: '5',
  RECIPE: 'systemd',
}
