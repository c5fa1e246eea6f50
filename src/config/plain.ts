import type { Config } from './config.ts'

/** The settings as hooks see them (`server.cfg`): names and values. */
export const plain = (config: Config): Readonly<Record<string, unknown>> => Object.freeze({ ...config })
