/** From the command line to what it asks for: help, a check, a configuration printed, or a server. */
import { type LoadedConfig, loadConfig } from '../config/load.ts'
import { startDirectory } from '../config/sources.ts'
import type { Translation } from '../migrate/translation.ts'
import { version } from '../version.ts'
import { type CommandLine, configRequest, readArguments } from './arguments.ts'
import { exit, explain } from './exit.ts'
import type { Start } from './run.ts'

const PROGRAM = 'tsgunicorn'

/** Never rejects: errors are explained, and are the exit status. */
export async function main(argv: readonly string[], start: Start): Promise<void> {
  try {
    const line = await readArguments(argv)
    await actions[line.action](line, start)
  } catch (error) {
    exit(explain(error))
  }
}

type Run = (line: CommandLine, start: Start) => Promise<void> | void

const print = (text: string): void => void process.stdout.write(text.endsWith('\n') ? text : `${text}\n`)

const actions: Readonly<Record<CommandLine['action'], Run>> = {
  version: () => print(`${PROGRAM} (version ${version})`),
  help: async () => print((await import('./help.ts')).renderHelp(PROGRAM, 'short')),
  'help-all': async () => print((await import('./help.ts')).renderHelp(PROGRAM, 'all')),
  'help-setting': async ({ helpTopic }) => {
    const [{ settingHelp }, { isSettingName }] = await Promise.all([
      import('./help.ts'),
      import('../config/settings/index.ts'),
    ])
    if (helpTopic && isSettingName(helpTopic)) print(settingHelp(helpTopic))
  },
  init: async ({ force, from, fromApp: app, fromEnvironment: environment }) => {
    const { writeStarter } = await import('./init.ts')
    const directory = startDirectory(process.env)
    const text = from === undefined ? {} : { text: await translated({ from, directory, app, environment }) }
    const written = await writeStarter({ directory, force: force ?? false, ...text })
    for (const file of written) print(`wrote ${file}`)
  },
  recipe: async (line) => {
    const { writeRecipe } = await import('./recipe.ts')
    const directory = startDirectory(process.env)
    print(await writeRecipe({ line, directory, env: process.env, load: () => load(line) }))
  },
  'print-config': async (line) => inspect(await load(line), true),
  'check-config': async (line) => inspect(await load(line), false),
  run: async (line, start) => {
    const { run } = await import('./run.ts')
    await run(line, start)
  },
}

async function translated(translation: Omit<Translation, 'env'>): Promise<string> {
  const { translate } = await import('../migrate/translate.ts')
  return translate({ ...translation, env: process.env })
}

async function load(line: CommandLine) {
  const directory = startDirectory(process.env)
  return loadConfig(await configRequest(line, { env: process.env, directory }))
}

async function inspect(loaded: LoadedConfig, print: boolean): Promise<void> {
  const { inspectConfig } = await import('./prove.ts')
  await inspectConfig(loaded, print)
}
