/** From one generation's settings to the numbers decisions need: seconds become milliseconds. */
import type { Config } from '../config/config.ts'
import type { Loaded } from './prepare.ts'
import type { Policy } from './state.ts'

/** Python workers that one front feeds: it has several times the rate of eight. */
const WORKERS_PER_FRONT = 8

/** `cores` answers `workers: 'auto'`: the cores this process may use. */
export const policyOf = (
  { config, interpreter }: Pick<Loaded, 'config' | 'interpreter'>,
  cores: () => number,
): Policy => {
  const workers = config.workers === 'auto' ? cores() : config.workers
  return {
    workers,
    fronts: interpreter ? frontCount(config, workers) : 0,
    timeout: config.timeout * 1000,
    gracefulTimeout: config.graceful_timeout * 1000,
    bootTimeout: config.boot_timeout * 1000,
    abortTimeout: config.abort_timeout * 1000,
    hookTimeout: config.hook_timeout * 1000,
    lameDuck: config.lame_duck * 1000,
    lifetime: config.max_worker_lifetime * 1000,
    lifetimeJitter: config.max_worker_lifetime_jitter * 1000,
    surge: config.reload_surge,
    boots: config.max_booting || Math.max(1, Math.floor(cores() / 2)),
    daemon: config.daemon,
    preload: config.preload_app,
  }
}

/** Of a front without a worker nobody has anything. */
export const frontCount = ({ fronts }: Config, workers: number): number =>
  fronts === 'auto'
    ? Math.max(1, Math.ceil(workers / WORKERS_PER_FRONT))
    : Math.max(1, Math.min(fronts, workers))
