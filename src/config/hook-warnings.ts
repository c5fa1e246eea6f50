/** Hooks of a worker that no process can run, because the configuration and the application differ in language. */
import type { Config } from './config.ts'
import { workerHooks } from './hook-names.ts'
import { isPythonHook } from './python-hooks.ts'

/**
 * At most one warning: which hooks of a worker are never called, and where they belong. Hooks of the master run
 * whatever the application is.
 */
export const hookWarnings = (config: Config, language: 'javascript' | 'python'): readonly string[] => {
  const idle = workerHooks.filter(
    (name) => config[name] !== undefined && isPythonHook(config[name]) !== (language === 'python'),
  )
  if (idle.length === 0) return []
  const [are, own, workers, file] =
    language === 'python'
      ? ['JavaScript', 'Python', 'Python workers', 'gunicorn.conf.py']
      : ['Python', 'JavaScript', 'workers of Node', 'gunicorn.conf.ts']
  return [
    `${idle.join(', ')}: ${idle.length === 1 ? 'this hook is' : 'these hooks are'} never called. They run in the workers, they are ${are}, and the application is ${own}: ${workers} run hooks of a ${file}.`,
  ]
}
