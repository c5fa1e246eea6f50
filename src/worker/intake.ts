/** What accepted sockets go through before HTTP in this worker: a list of steps, imported only where they are needed. */
import type { Config } from '../config/config.ts'
import { compose, type IntakeStep } from '../http/intake/intake.ts'
import type { TlsMaterial } from '../tls/material.ts'

/** Undefined when HTTP is spoken at once. Called before privileges are dropped. Rejects with what a step does. */
export async function createIntake(
  config: Config,
  tls: TlsMaterial | undefined,
): Promise<IntakeStep | undefined> {
  return compose(await secure(config, tls))
}

const secure = async (config: Config, tls: TlsMaterial | undefined): Promise<IntakeStep | undefined> => {
  if (!tls) return undefined
  const { secureStep } = await import('./tls.ts')
  return secureStep(config, tls)
}
