/** From settings to what happens on a connection before HTTP is spoken. Loads only the steps that are asked for. */
import type { Config } from '../config/config.ts'
import { compose, type IntakeStep } from '../http/intake/intake.ts'

/** The steps of this configuration, in their order on the wire; undefined when there are none. */
export const createIntake = async (config: Config): Promise<IntakeStep | undefined> =>
  compose(await proxyStep(config))

const proxyStep = async (config: Config): Promise<IntakeStep | undefined> => {
  if (config.proxy_protocol === 'off') return undefined
  const { createProxyStep } = await import('../http/intake/proxy.ts')
  return createProxyStep({ mode: config.proxy_protocol, allowIps: config.proxy_allow_ips })
}
