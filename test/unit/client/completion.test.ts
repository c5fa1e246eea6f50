import { spawnSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { commandNames, specOf } from '../../../src/client/commands.ts'
import { completionScript } from '../../../src/client/completion.ts'
import { exitStatuses } from '../../../src/client/failure.ts'
import { commandHelpLines, helpLines } from '../../../src/client/help.ts'
import { clientDocument, clientPage } from '../../../src/generate/client.ts'

const has = (program: string) => spawnSync(program, ['-c', 'true']).error === undefined

/** What bash would offer for the words; the last one is being typed. */
const offered = (...words: readonly string[]): readonly string[] => {
  const script = `${completionScript('bash')}
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _tsgunicornc; printf '%s\\n' "\${COMPREPLY[@]}"`
  const { stdout, stderr } = spawnSync('bash', ['-c', script, 'bash', 'tsgunicornc', ...words], {
    encoding: 'utf8',
  })
  expect(stderr).toBe('')
  return stdout.trim().split('\n')
}

describe.skipIf(!has('bash'))('bash', () => {
  test('offers commands, their words and their flags, behind global flags too', () => {
    expect(offered('re')).toEqual(['requests', 'reload', 'restart', 'reopen'])
    expect(offered('-s', 'x.ctl', 'relo')).toEqual(['reload'])
    expect(offered('completion', '')).toEqual(expect.arrayContaining(['bash', 'zsh', 'fish']))
    expect(offered('upgrade', '--')).toEqual(['--wait', '--complete', '--back-out', '--json'])
    expect(offered('help', 'lis')).toEqual(['listeners'])
  })
})

test.each(['zsh', 'fish'])('%s can read its script', (shell) => {
  const script = completionScript(shell)
  for (const name of commandNames) expect(script).toContain(name)
  if (!has(shell)) return
  expect(spawnSync(shell, ['-n'], { input: script, encoding: 'utf8' }).stderr).toBe('')
})

describe('help, page and document', () => {
  test('have every command and every exit status', () => {
    const help = helpLines().join('\n')
    const page = clientPage().replaceAll('\\-', '-')
    const document = clientDocument()
    for (const name of commandNames) {
      expect(help).toMatch(new RegExp(`^  ${name}\\b`, 'm'))
      expect(page).toMatch(new RegExp(`^\\.B "${name}\\b`, 'm'))
      expect(document).toContain(`\n### ${name}\n`)
    }
    for (const { status } of Object.values(exitStatuses)) {
      expect(page).toContain(`.TP\n.B "${status}"\n`)
      expect(document).toContain(`| ${status} |`)
    }
  })

  test('help of a command has its flags, and lines of at most 96 columns', () => {
    for (const name of commandNames) {
      const lines = commandHelpLines(name)
      for (const { name: flag } of specOf(name).flags) expect(lines.join('\n')).toContain(`--${flag}`)
      expect(lines.filter((line) => line.length > 96)).toEqual([])
    }
  })

  test('no Markdown is left in the page', () => expect(clientPage()).not.toMatch(/`|^\|/m))
})
