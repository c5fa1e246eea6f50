import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { renderHelp, settingHelp, wrap } from '../../../src/cli/help.ts'
import type { Setting } from '../../../src/config/setting.ts'
import { isSettingName, sections, settings } from '../../../src/config/settings/index.ts'

const all = Object.values<Setting>(settings)
const short = renderHelp('tsgunicorn', 'short')
const long = renderHelp('tsgunicorn', 'all')
/** The flags that begin a row, so that mentions in sentences do not count. */
const flagsIn = (text: string): ReadonlySet<string> =>
  new Set(
    text
      .split('\n')
      .filter((line) => /^ {2,6}-/.test(line))
      .flatMap((line) => (line.split(/(?<=\S) {2,}/)[0] ?? '').match(/(?<![\w-])--?[a-zA-Z][\w-]*/g) ?? []),
  )

describe('help', () => {
  test('the short one has the settings that matter most, and no others', () => {
    const common = all.filter((setting) => setting.common === true).flatMap(({ cli = [] }) => cli)
    expect([...flagsIn(short)].sort()).toEqual([...common, '-h', '--help', '-v', '--version'].sort())
    expect(common.length).toBeGreaterThan(15)
  })

  test('the long one has every flag', () => {
    const flags = all.flatMap(({ cli = [] }) => cli)
    expect([...flagsIn(long)].sort()).toEqual([...flags, '-h', '--help', '-v', '--version'].sort())
  })

  test('sections come in the order of the manual, and empty ones not at all', () => {
    const titles = [...long.matchAll(/^(\S.*):$/gm)].map(([, title]) => title)
    const withFlags = sections.filter(({ names }) => names.some((name) => 'cli' in settings[name]))
    expect(titles).toEqual(['Commands', 'General', ...withFlags.map(({ title }) => title)])
    expect(short).not.toContain('HTTP/2:')
  })

  test('no line is wider than 96 columns', () => {
    expect(`${short}${long}`.split('\n').filter((line) => line.length > 96)).toEqual([])
  })

  test('a setting that waits says for what', () => {
    expect(long.replaceAll(/\s+/g, ' ')).toContain('HTTP/2 without TLS. (comes with HTTP/2)')
  })

  test('the program is called as it was called', () => {
    expect(renderHelp('gunicorn', 'short')).toMatch(/^Usage: gunicorn \[OPTIONS\]/)
  })
})

describe('help about one setting', () => {
  test('says all there is to say', () => {
    const text = settingHelp('workers')
    for (const part of ['-w, --workers INT|auto', 'WEB_CONCURRENCY', "number | 'auto'", 'is ours', 'TTIN'])
      expect(text).toContain(part)
  })

  test('says what a setting waits for, and where one without a flag stands', () => {
    expect(settingHelp('http2_cleartext')).toContain('it comes with HTTP/2')
    expect(settingHelp('pre_fork')).toContain('none: it stands in a configuration file')
  })

  test.each(Object.keys(settings).filter(isSettingName))('%s begins with its name', (name) => {
    expect(settingHelp(name)).toMatch(new RegExp(`^${name}: [A-Z].*\\.\n`))
  })
})

test('wrapping loses no word, and keeps to the width where words allow', () => {
  const words = fc.array(fc.stringMatching(/^[a-z]{1,12}$/), { minLength: 1, maxLength: 40 })
  fc.assert(
    fc.property(words, fc.integer({ min: 12, max: 60 }), (list, columns) => {
      const lines = wrap(list.join(' '), columns)
      expect(lines.join(' ')).toBe(list.join(' '))
      expect(lines.filter((line) => line.length > columns)).toEqual([])
    }),
  )
})
