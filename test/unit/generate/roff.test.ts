import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { signalNames } from '../../../src/arbiter/signals.ts'
import { settings } from '../../../src/config/settings/index.ts'
import { catalogue } from '../../../src/errors.ts'
import { configurationPage, programPage } from '../../../src/generate/manual.ts'
import { escaped, item, joined, ofMarkdown } from '../../../src/generate/roff.ts'

describe('roff', () => {
  test('a line that begins with a dot or a quote is text, not a request', () => {
    expect(escaped(".mts\n'tis")).toBe("\\&.mts\n\\&'tis")
  })

  test('dashes can be copied, backslashes are printed', () => {
    expect(escaped('--bind \\n')).toBe('\\-\\-bind \\en')
  })

  test('no text is taken for a request, whatever its sentences', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[A-Z.'` :\\a-c]{1,60}$/), (text) => {
        const lines = ofMarkdown(text).split('\n')
        expect(lines.filter((line) => /^[.']/.test(line))).toEqual([])
      }),
    )
  })

  test('quotes in a term are doubled', () => {
    expect(item('say "x"', 'Text.')).toBe('.TP\n.B "say ""x"""\nText.')
  })

  test('a paragraph behind a heading, and before a list in an item, is not begun twice', () => {
    expect(joined(['.SH "X"', '.PP\nText.', '.PP\nMore.', '.IP', '.RS'])).toBe(
      '.SH "X"\nText.\n.PP\nMore.\n.RS',
    )
  })

  test('code is bold, and a table is a list', () => {
    expect(ofMarkdown('Use `-b`.')).toBe('Use \\fB\\-b\\fR.')
    expect(ofMarkdown('| a | b |\n| --- | --- |\n| h | host |')).toBe('.RS\n.TP\n.B "h"\nhost\n.RE')
  })
})

describe('the manual', () => {
  test.each(Object.keys(settings))('gunicorn.conf(5) has an entry for %s', (name) => {
    expect(configurationPage()).toContain(`\n.TP\n.B "${name}"\n`)
  })

  test('tsgunicorn(8) has every flag', () => {
    const page = programPage().replaceAll('\\-', '-')
    const flags = Object.values(settings).flatMap(({ cli = [] }) => cli)
    expect(flags.filter((flag) => !page.includes(flag))).toEqual([])
  })

  test('tsgunicorn(8) has every signal and every exit status', () => {
    const page = programPage()
    for (const name of signalNames) expect(page).toContain(`.TP\n.B "${name.slice(3)}"\n`)
    for (const { exit } of Object.values(catalogue)) expect(page).toContain(`.TP\n.B "${exit}"\n`)
  })

  test('no Markdown is left in the pages', () => {
    for (const page of [programPage(), configurationPage()]) expect(page).not.toMatch(/`|^\|/m)
  })
})
