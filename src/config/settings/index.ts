/**
 * All settings: the sections joined, in the order of Gunicorn's own table. Imported at every start, so a
 * declaration may compute nothing of weight.
 */
import type { Setting, ValueOf } from '../setting.ts'
import * as administration from './administration.ts'
import * as configFile from './config-file.ts'
import * as control from './control.ts'
import * as debugging from './debugging.ts'
import * as dirtyArbiters from './dirty-arbiters.ts'
import * as httpBounds from './http-bounds.ts'
import * as http2 from './http2.ts'
import * as logging from './logging.ts'
import * as processNaming from './process-naming.ts'
import * as security from './security.ts'
import * as serverHooks from './server-hooks.ts'
import * as serverMechanics from './server-mechanics.ts'
import * as serverSocket from './server-socket.ts'
import * as ssl from './ssl.ts'
import * as workerLifetimes from './worker-lifetimes.ts'
import * as workerProcesses from './worker-processes.ts'

/** Name -> declaration. */
export const settings = {
  ...configFile.settings,
  ...serverSocket.settings,
  ...workerProcesses.settings,
  ...workerLifetimes.settings,
  ...security.settings,
  ...httpBounds.settings,
  ...debugging.settings,
  ...serverMechanics.settings,
  ...logging.settings,
  ...processNaming.settings,
  ...serverHooks.settings,
  ...ssl.settings,
  ...http2.settings,
  ...dirtyArbiters.settings,
  ...control.settings,
  ...administration.settings,
} as const satisfies Record<string, Setting>

export type SettingName = keyof typeof settings

/** What the declarations say of the whole; `config.ts` is generated from it and equals it. */
export type InferredConfig = { readonly [Name in SettingName]: ValueOf<(typeof settings)[Name]> }

export const isSettingName = (name: string): name is SettingName => Object.hasOwn(settings, name)

export interface Section {
  readonly title: string
  readonly names: readonly SettingName[]
}

const section = (title: string, ...parts: readonly object[]): Section => ({
  title,
  names: parts.flatMap((part) => Object.keys(part)).filter(isSettingName),
})

/** The sections of the manual in order, each with the names of its settings. */
export const sections: readonly Section[] = [
  section(configFile.title, configFile.settings),
  section(serverSocket.title, serverSocket.settings),
  section(workerProcesses.title, workerProcesses.settings, workerLifetimes.settings),
  section(security.title, security.settings, httpBounds.settings),
  ...[debugging, serverMechanics, logging, processNaming, serverHooks, ssl, http2, dirtyArbiters].map(
    (part) => section(part.title, part.settings),
  ),
  section(control.title, control.settings, administration.settings),
]
