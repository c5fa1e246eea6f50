/**
 * Writes `src/config/ambient.ts`: the text of a declaration of the module 'tsgunicorn' that needs nothing else.
 * `init` puts it beside a configuration file, whose editor then completes and checks settings without the
 * package being installed there. No import may stand in it, not even of Node's types.
 */
import { readFileSync } from 'node:fs'
import { all, typeOf } from './config-type.ts'
import { doNotEdit, tsdoc } from './words.ts'

export const ambientModule = (): string =>
  [
    `// ${doNotEdit}`,
    '// biome-ignore-all format: generated, a line of text on each line',
    '',
    '/** The text of `.tsgunicorn/config.d.ts`: the types of a configuration file. Imported by `init` alone. */',
    'export const ambient: string = [',
    ...declaration()
      .split('\n')
      .map((line) => `  ${quoted(line)},`),
    "].join('\\n')",
    '',
  ].join('\n')

/** The declaration itself. */
export const declaration = (): string =>
  [
    '// Written by `tsgunicorn init`: the types of gunicorn.conf.ts. Run it with --force to renew them.',
    '',
    "declare module 'tsgunicorn' {",
    ...indented(source('hook-types.ts')),
    '',
    '  export interface Config {',
    ...all().map(([name, setting]) => `${tsdoc(setting, '    ')}\n    readonly ${name}: ${typeOf(setting)}`),
    '  }',
    '',
    '  interface WiderThanConfig {',
    ...all().flatMap(([name, { accepts }]) =>
      accepts === undefined ? [] : [`    readonly ${name}: ${accepts}`],
    ),
    '  }',
    '',
    ...indented(withoutBody(source('define-config.ts'))),
    '}',
    '',
  ].join('\n')

/** A module of `src/config/` without its opening comment and its imports. */
const source = (name: string): string =>
  readFileSync(new URL(`../config/${name}`, import.meta.url), 'utf8')
    .replace(/^\/\*\*[\s\S]*?\*\/\n/, '')
    .replace(/^import .*\n/gm, '')
    .trim()

/** In a declaration a function has its overloads only: the implementation, with its braces, goes. */
const withoutBody = (text: string): string =>
  text.replace(/^export function [^\n]*\{\n[\s\S]*?^\}\n?/m, '').trim()

const indented = (text: string): readonly string[] =>
  text.split('\n').map((line) => (line === '' ? '' : `  ${line}`))

const quoted = (line: string): string => `'${line.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
