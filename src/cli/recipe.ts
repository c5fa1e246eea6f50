/** `tsgunicorn init RECIPE`: the files by which the project at hand is run, and what to do with them. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { LoadedConfig } from '../config/load.ts'
import type { Environment } from '../config/sources.ts'
import { hasCode, messageOf, ServerError } from '../errors.ts'
import { recipes } from '../recipes/index.ts'
import type { CommandLine } from './arguments.ts'
import { gatherFacts } from './recipe-facts.ts'

interface RecipeOrder {
  readonly line: CommandLine
  /** Where the program was started: the project's folder. */
  readonly directory: string
  readonly env: Environment
  readonly load: () => Promise<LoadedConfig>
}

/** Gives what to print. Rejects with TSG_USAGE, also when a file is there already, and as the configuration does. */
export async function writeRecipe({ line, directory, env, load }: RecipeOrder): Promise<string> {
  const { recipe: request } = line
  if (request === undefined) throw new ServerError('TSG_USAGE', 'init: no recipe is named.')
  const { name, print, force } = request
  const recipe = recipes[name]
  const loaded = await load()
  try {
    const facts = await gatherFacts({ loaded, line, directory, env })
    const files = withHeaders(recipe.files(facts), name)
    if (print) return printed(files)
    writeFiles(directory, files, force, name)
    const next = recipe.next(facts).map((text) => `  ${text}`)
    return [...Object.keys(files).map((file) => `wrote ${file}`), 'Next:', ...next].join('\n')
  } finally {
    loaded.close?.()
  }
}

const withHeaders = (files: Readonly<Record<string, string>>, name: string): Record<string, string> =>
  Object.fromEntries(
    Object.entries(files).map(([file, text]) => [file, `# Written by 'tsgunicorn init ${name}'.\n${text}`]),
  )

/** One file as it is; several with their names. */
function printed(files: Readonly<Record<string, string>>): string {
  const entries = Object.entries(files)
  if (entries.length === 1) return entries[0]?.[1] ?? ''
  return entries.map(([file, text]) => `# --- ${file}\n${text}`).join('\n')
}

function writeFiles(
  directory: string,
  files: Readonly<Record<string, string>>,
  force: boolean,
  name: string,
): void {
  const present = Object.keys(files).filter((file) => existsSync(join(directory, file)))
  if (!force && present.length > 0) throw alreadyThere(name, present)
  for (const [file, text] of Object.entries(files)) {
    const path = join(directory, file)
    try {
      mkdirSync(dirname(path), { recursive: true })
      // Exclusive, because a file may have come since it was looked for.
      writeFileSync(path, text, { flag: force ? 'w' : 'wx' })
    } catch (cause) {
      if (hasCode(cause, 'EEXIST')) throw alreadyThere(name, [file])
      throw new ServerError('TSG_USAGE', `init ${name}: ${path} cannot be written: ${messageOf(cause)}.`, {
        cause,
      })
    }
  }
}

const alreadyThere = (name: string, files: readonly string[]): ServerError =>
  new ServerError(
    'TSG_USAGE',
    `init ${name}: ${files.join(' and ')} ${files.length === 1 ? 'is' : 'are'} already there. ` +
      'Use --force to replace, or --print to look.',
  )
