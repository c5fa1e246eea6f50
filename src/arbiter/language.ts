/** Which language an application is written in, and what runs it: asked once for each loading of the configuration. */
import { languageOf } from '../app/language.ts'
import type { Config } from '../config/config.ts'
import { workerClassFault } from '../config/worker-class.ts'
import { ServerError } from '../errors.ts'
import type { Inherited } from '../python/inherited.ts'
import type { Interpreter } from '../python/interpreter.ts'
import { splitPair } from '../util/split-pair.ts'

export type Environment = Readonly<Record<string, string | undefined>>

/**
 * The interpreter of a Python application; undefined for JavaScript. `inherited`: of a gunicorn.conf.py, whose path counts. Rejects with TSG_APP_NOT_FOUND when both languages
 * answer to its name, and TSG_PYTHON when there is no interpreter for it.
 */
export async function pythonFor(
  config: Config,
  base: Environment,
  inherited?: Inherited,
): Promise<Interpreter | undefined> {
  const { wsgi_app: spec, app_type: type, chdir: cwd } = config
  const { first = [], last = [] } = inherited ?? {}
  const pythonPath = [config.pythonpath ?? '', ...first, ...last].join(',')
  if (spec === undefined) return undefined
  const env = { ...base, ...Object.fromEntries(config.raw_env.map(splitPair)) }
  const interpreter = async () => {
    const { findInterpreter } = await import('../python/interpreter.ts')
    return findInterpreter({ python: config.python, directory: cwd, env })
  }
  const language = await languageOf({ spec, cwd, type, pythonPath, env, interpreter })
  if (language === 'javascript') return undefined
  const fault = workerClassFault(config.worker_class)
  if (fault !== undefined) throw new ServerError('TSG_SETTING_INVALID', fault)
  return interpreter()
}
