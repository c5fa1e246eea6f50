/** docs/http.md is written by hand: what it names of the settings is compared with them. */
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import type { Setting } from '../../../src/config/setting.ts'
import { settings } from '../../../src/config/settings/index.ts'
import { repository } from '../../support/machine.ts'

const path = join(repository, 'docs', 'http.md')
const document = readFileSync(path, 'utf8')
/** What stands between backticks, word for word. */
const words = [...document.matchAll(/`([^`\n]+)`/g)].flatMap(([, text = '']) => text.split(/[\s,]+/))
const table: Readonly<Record<string, Setting>> = settings

test('every name with an underscore in docs/http.md is a setting that has an effect', () => {
  const names = words.filter((word) => /^[a-z]+(?:_[a-z]+)+$/.test(word) && !word.startsWith('proxy_set'))
  const others = names.filter((name) => name !== 'proxy_http_version')
  expect(others.length).toBeGreaterThan(30)
  expect(others.filter((name) => table[name] === undefined)).toEqual([])
  expect(others.filter((name) => table[name]?.inert === true || table[name]?.later !== undefined)).toEqual([])
})

test('every flag in docs/http.md is one of a setting', () => {
  const flags = new Set(Object.values(table).flatMap(({ cli }) => cli ?? []))
  const named = words.filter((word) => word.startsWith('--'))
  expect(named.length).toBeGreaterThan(0)
  expect(named.filter((flag) => !flags.has(flag))).toEqual([])
})

test('every file that docs/http.md links to is there', () => {
  const links = [...document.matchAll(/\]\(([^)#]+)\)/g)].map(([, link = '']) => link)
  expect(links.length).toBeGreaterThan(0)
  expect(links.filter((link) => !existsSync(join(dirname(path), link)))).toEqual([])
})
