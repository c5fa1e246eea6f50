/** The public surface: what configuration files and tools import. The server itself is the program, not a library. */
export type { Config } from './config/config.ts'
export {
  type ConfigContext,
  type ConfigFunction,
  defineConfig,
  type UserConfig,
} from './config/define-config.ts'
export type {
  HookEnviron,
  HookLog,
  HookRequest,
  HookResponse,
  HookServer,
  HookSslContext,
  HookSslFactory,
  HookSslOptions,
  HookWorker,
} from './config/hook-types.ts'
export { catalogue as errorCatalogue, type ErrorCode, ServerError } from './errors.ts'
