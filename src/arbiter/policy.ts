/** From one generation's settings to the numbers decisions need: seconds become milliseconds. */
import type { Config } from '../config/config.ts'
import type { Policy } from './state.ts'

/** `cores` answers `workers: 'auto'`: the cores this process may use. */
export const policyOf = (config: Config, cores: () => number): Policy => ({
  workers: config.workers === 'auto' ? cores() : config.workers,
  timeout: config.timeout * 1000,
  gracefulTimeout: config.graceful_timeout * 1000,
  bootTimeout: config.boot_timeout * 1000,
  abortTimeout: config.abort_timeout * 1000,
  hookTimeout: config.hook_timeout * 1000,
  lameDuck: config.lame_duck * 1000,
  lifetime: config.max_worker_lifetime * 1000,
  lifetimeJitter: config.max_worker_lifetime_jitter * 1000,
  surge: config.reload_surge,
  daemon: config.daemon,
  preload: config.preload_app,
})
