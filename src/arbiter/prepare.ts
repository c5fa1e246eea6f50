/**
 * What a configuration needs of this machine, made sure of before anything is started: users, groups, logs,
 * certificates.
 */
import type { Config } from '../config/config.ts'
import { speaksTls } from '../config/derived.ts'
import type { LoadedConfig } from '../config/load.ts'
import { ServerError } from '../errors.ts'
import type { Privileges } from '../ipc/messages.ts'
import { proveLogs } from '../log/prove.ts'
import type { Interpreter } from '../python/interpreter.ts'
import { resolveGroup, resolveUser } from '../system/privileges.ts'
import type { TlsMaterial } from '../tls/material.ts'
import { type Environment, pythonFor } from './language.ts'

/** A configuration with what had to be looked up for it. */
export interface Loaded extends LoadedConfig {
  /** Undefined: workers stay who the master is. */
  readonly identity: Privileges | undefined
  /** Certificates and keys, as they were when this was loaded; undefined: plain HTTP. */
  readonly tls: TlsMaterial | undefined
  /** What runs the application's workers; undefined for Node. */
  readonly interpreter: Interpreter | undefined
}

/**
 * Looks up what a configuration names, before anything is started with it.
 * Rejects with TSG_PRIVILEGES (no such user or group, or not allowed to become it), TSG_LOG_UNWRITABLE (a log
 * cannot be opened), TSG_SETTING_INVALID (format of the access log), TSG_TLS (a certificate, a key, the ciphers),
 * TSG_PYTHON (no interpreter for a Python application).
 */
export async function prepare(loaded: LoadedConfig, env: Environment): Promise<Loaded> {
  try {
    const { config } = loaded
    const identity = await identityOf(config)
    await proveLogs(config)
    const interpreter = await pythonFor(config, env, loaded.inherited?.(0))
    const { warnings, tls } = await tlsOf(loaded)
    const more = await warningsAbout(loaded, interpreter)
    return { ...loaded, identity, interpreter, tls, warnings: [...warnings, ...more] }
  } catch (error) {
    loaded.close?.()
    throw error
  }
}

/** Hooks that nobody would run: of one language in the configuration, and the other in the workers. */
async function warningsAbout(
  { config, file }: LoadedConfig,
  interpreter: Interpreter | undefined,
): Promise<readonly string[]> {
  const language = interpreter ? 'python' : 'javascript'
  if (file === undefined || (language === 'javascript' && !file.endsWith('.py'))) return []
  const { hookWarnings } = await import('../config/hook-warnings.ts')
  return hookWarnings(config, language)
}

async function tlsOf({ config, warnings }: LoadedConfig): Promise<Pick<Loaded, 'tls' | 'warnings'>> {
  if (!speaksTls(config)) return { tls: undefined, warnings }
  const { readTls } = await import('../tls/read.ts')
  const read = await readTls(config)
  return { tls: read.material, warnings: [...warnings, ...read.warnings] }
}

async function identityOf({ user, group, initgroups }: Config): Promise<Privileges | undefined> {
  if (user === undefined && group === undefined) return undefined
  const own = { uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0 }
  const found = user === undefined ? undefined : await resolveUser(user)
  const uid = found?.uid ?? own.uid
  // Gunicorn's default: the group of the master, not of the user.
  const gid = group === undefined ? own.gid : await resolveGroup(group)
  if (uid === own.uid && gid === own.gid) return undefined
  if (own.uid !== 0) {
    throw new ServerError(
      'TSG_PRIVILEGES',
      `user, group: only root may become ${user ?? uid}:${group ?? gid}, and this process is not root. Start as root, or leave the settings out.`,
    )
  }
  return { uid, gid, initgroups, userName: found?.name }
}
