/** What accepted sockets go through before HTTP in this worker: a list of steps, imported only where they are needed. */
import type { Config } from '../config/config.ts'
import { compose, type IntakeStep } from '../http/intake/intake.ts'
import type { TlsMaterial } from '../tls/material.ts'

/**
 * The steps of this configuration, in their order on the wire; undefined when HTTP is spoken at once. Called before
 * privileges are dropped. Rejects with what a step does.
 */
export const createIntake = async (
  config: Config,
  tls: TlsMaterial | undefined,
): Promise<IntakeStep | undefined> => compose(await proxied(config), await secured(config, tls))

const proxied = async (config: Config): Promise<IntakeStep | undefined> => {
  if (config.proxy_protocol === 'off') return undefined
  const { createProxyStep } = await import('../http/intake/proxy.ts')
  return createProxyStep({ mode: config.proxy_protocol, allowIps: config.proxy_allow_ips })
}

const secured = async (config: Config, tls: TlsMaterial | undefined): Promise<IntakeStep | undefined> => {
  if (!tls) return undefined
  const { secureStep } = await import('./tls.ts')
  return secureStep(config, tls)
}
