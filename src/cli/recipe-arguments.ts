/** Reads `init RECIPE [--force | --print] [--listen ADDRESS] [FLAGS] [APPLICATION]`. It looks at no file. */
import { didYouMean, nearestName } from '../config/words.ts'
import { ServerError } from '../errors.ts'
import { isRecipeName, type RecipeName, recipeNames } from '../recipes/index.ts'
import type { CommandLine } from './arguments.ts'

export interface RecipeRequest {
  readonly name: RecipeName
  /** Whether files that are there are replaced. */
  readonly force: boolean
  /** Whether the files go to the standard output, and nothing is written. */
  readonly print: boolean
  /** Where a proxy listens. */
  readonly listen?: string
  /** The rest, as it was given: flags and the application, for the files' command lines. */
  readonly arguments: readonly string[]
}

/** May stand before the recipe's name, too. */
const own: readonly string[] = ['--force', '--print']

/** What listens itself. */
const proxies: readonly RecipeName[] = ['nginx', 'haproxy']

/** Rejects with TSG_USAGE, and as `readRest` does, which reads what any start of the server may have. */
export async function readRecipe(
  argv: readonly string[],
  readRest: (argv: readonly string[]) => Promise<CommandLine>,
): Promise<CommandLine> {
  const at = argv.findIndex((token) => !own.includes(token))
  const name = argv[at] ?? ''
  if (!isRecipeName(name)) throw await unknown(name)
  const { listen, rest } = takeListen(argv.toSpliced(at, 1))
  if (listen !== undefined && !proxies.includes(name))
    throw usage(`${name} takes no --listen: it is for ${proxies.join(' and ')}.`)
  const given = rest.filter((token) => !own.includes(token))
  const line = await readRest(given)
  if (line.action !== 'run') return line
  const recipe = {
    name,
    force: rest.includes('--force'),
    print: rest.includes('--print'),
    arguments: given,
    ...(listen === undefined ? {} : { listen }),
  }
  return { ...line, action: 'recipe', recipe }
}

function takeListen(tokens: readonly string[]): {
  readonly listen?: string
  readonly rest: readonly string[]
} {
  const at = tokens.findIndex((token) => token === '--listen' || token.startsWith('--listen='))
  const token = tokens[at]
  if (token === undefined) return { rest: tokens }
  const joined = token.startsWith('--listen=')
  const listen = joined ? token.slice('--listen='.length) : tokens[at + 1]
  if (!listen) throw usage('--listen takes an address, as --listen 127.0.0.1:8080.')
  if (/[\s;{}'"#]/.test(listen)) throw usage(`--listen '${listen}' is not an address.`)
  return { listen, rest: tokens.toSpliced(at, joined ? 1 : 2) }
}

async function unknown(name: string): Promise<ServerError> {
  const near = aliases[name] ?? (await nearestName(name, recipeNames))
  return usage(`'${name}' is no recipe.${didYouMean(near)} There are ${recipeNames.join(', ')}.`)
}

const aliases: Readonly<Record<string, RecipeName>> = {
  kubernetes: 'k8s',
  supervisord: 'supervisor',
  compose: 'docker',
  heroku: 'procfile',
  service: 'systemd',
}

const usage = (text: string): ServerError => new ServerError('TSG_USAGE', `init: ${text}`)
