/** The table of `docs/hooks.md`: every server hook, from its declaration, its process, and what a throw leads to. */
import { isMasterHook, type MasterHookName, type WorkerHookName } from '../config/hook-names.ts'
import type { Setting } from '../config/setting.ts'
import { settings } from '../config/settings/index.ts'
import { table } from './markdown.ts'

type HookName = MasterHookName | WorkerHookName | 'ssl_context'

/** In the order in which a server calls them; the text is what happens when the hook throws or rejects. */
const thrown: Readonly<Record<HookName, string>> = {
  nworkers_changed: 'A first start ends with 1; later it is logged.',
  on_starting: 'The start ends with 1.',
  when_ready: 'A first start ends with 1; later it is logged.',
  pre_fork: 'A first start ends with 1; later it is logged, and the worker is started.',
  post_fork: 'The worker does not boot.',
  ssl_context: 'The worker does not boot.',
  post_worker_init: 'The worker does not boot.',
  pre_request: 'It is logged, and the client gets 500.',
  post_request: 'It is logged.',
  worker_int: 'It is logged, and the worker ends.',
  worker_abort: 'It is logged, and the worker ends.',
  worker_exit: 'It is logged, and the worker ends.',
  child_exit: 'It is logged.',
  on_reload: 'It is logged, and the reload goes on.',
  pre_exec: 'It is logged, and the upgrade goes on.',
  on_exit: 'It is logged, and the master ends.',
}

export const hooksTable = (): string =>
  table(
    ['hook', 'runs in', 'arguments', 'when', 'when it throws'],
    (Object.keys(thrown) as readonly HookName[]).map((name) => [
      `[\`${name}\`](settings.md#${name})`,
      isMasterHook(name) ? 'master' : 'worker',
      argumentsOf(settings[name]),
      momentOf(settings[name]),
      thrown[name],
    ]),
  )

/** The names in a declared type, as `((server: HookServer) => ...) | undefined`. */
const argumentsOf = ({ type }: Setting): string =>
  [...type.slice(0, type.indexOf('=>')).matchAll(/(\w+):/g)].map(([, name]) => `\`${name}\``).join(', ')

/** The summary, without the process that has a column of its own. */
const momentOf = ({ summary }: Setting): string => {
  const moment = summary.replace(/^In the (old )?(master|worker), /, '')
  return moment.charAt(0).toUpperCase() + moment.slice(1)
}
