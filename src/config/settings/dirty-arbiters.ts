/** Gunicorn's second process tree for long Python jobs. All of it belongs to a later part. */
import type { Setting } from '../setting.ts'
import { anyKind, integer, list, optional } from '../setting-kinds.ts'

export const title = 'Dirty Arbiters'

const later = 'dirty arbiters'

export const settings = {
  dirty_apps: list({
    cli: ['--dirty-app'],
    metavar: 'STRING',
    default: [],
    summary: 'The applications of dirty workers.',
    later,
  }),
  dirty_workers: integer({
    cli: ['--dirty-workers'],
    metavar: 'INT',
    default: 0,
    summary: 'The number of dirty workers.',
    later,
  }),
  dirty_timeout: integer({
    cli: ['--dirty-timeout'],
    metavar: 'INT',
    default: 300,
    summary: 'Seconds a dirty task may take.',
    later,
  }),
  dirty_threads: integer({
    cli: ['--dirty-threads'],
    metavar: 'INT',
    default: 1,
    summary: 'Threads of each dirty worker.',
    later,
  }),
  dirty_graceful_timeout: integer({
    cli: ['--dirty-graceful-timeout'],
    metavar: 'INT',
    default: 30,
    summary: 'Seconds a retiring dirty worker may finish its tasks.',
    later,
  }),
  on_dirty_starting: optional(anyKind, { summary: 'A hook: the dirty arbiter starts.', later }),
  dirty_post_fork: optional(anyKind, { summary: 'A hook: a dirty worker was forked.', later }),
  dirty_worker_init: optional(anyKind, { summary: 'A hook: a dirty worker is initialised.', later }),
  dirty_worker_exit: optional(anyKind, { summary: 'A hook: a dirty worker exits.', later }),
} as const satisfies Record<string, Setting>
