/**
 * TLS in a worker: from what the master read, and the `ssl_context` hook, to the step that speaks it. Made before
 * privileges are dropped, so that the hook may read what only the starting user can.
 */
import { createSecureContext, type SecureContext, type TlsOptions } from 'node:tls'
import type { Config } from '../config/config.ts'
import { inSource } from '../config/stack.ts'
import { messageOf, ServerError } from '../errors.ts'
import type { IntakeStep } from '../http/intake/intake.ts'
import { tlsStep } from '../http/intake/tls.ts'
import type { TlsMaterial } from '../tls/material.ts'

/** A session is resumed only where it was begun: by this server, with the keys of its generation. */
const sessionIdContext = 'tsgunicorn'

/** Rejects with TSG_HOOK_FAILED when `ssl_context` throws, or gives what cannot be used. */
export async function secureStep(config: Config, material: TlsMaterial): Promise<IntakeStep> {
  const defaults = optionsOf(config, material)
  const refuseUnverified = config.cert_reqs > 0
  const stepOf = (options: TlsOptions, context?: SecureContext): IntakeStep =>
    tlsStep({ options, context, names: namesOf(options, material), refuseUnverified })
  if (!config.ssl_context) return stepOf(defaults)
  const made = await callHook(config, defaults)
  try {
    return isContext(made) ? stepOf(defaults, made) : stepOf(made)
  } catch (error) {
    throw failed(`what it returns cannot be used: ${messageOf(error)}`, error)
  }
}

/** What is demanded of ciphers, versions and clients holds for every name: only the certificate is another. */
const namesOf = (options: TlsOptions, { names }: TlsMaterial): ReadonlyMap<string, SecureContext> => {
  const { pfx: _, passphrase: __, ...common } = options
  return new Map(
    Object.entries(names).map(([name, pair]) => [name, createSecureContext({ ...common, ...pair })]),
  )
}

/** What the settings say, as node's options. */
const optionsOf = (
  { cert_reqs: asked }: Config,
  { pair, ca, ciphers, ticketKeys }: TlsMaterial,
): TlsOptions => ({
  ...pair,
  ...(ca === undefined ? {} : { ca }),
  ...(ciphers === undefined ? {} : { ciphers }),
  requestCert: asked > 0,
  rejectUnauthorized: asked > 1,
  ticketKeys: Buffer.from(ticketKeys, 'base64'),
  sessionIdContext,
})

async function callHook(config: Config, defaults: TlsOptions): Promise<TlsOptions | SecureContext> {
  let made: unknown
  try {
    // The hook's own types stand without node's (see generate/ambient.ts); they say the same.
    made = await config.ssl_context?.(config, () => ({ ...defaults }) as Record<string, unknown>)
  } catch (error) {
    throw failed(`it threw: ${messageOf(error)}`, inSource(error))
  }
  if (typeof made !== 'object' || made === null) {
    throw failed(
      `it returned ${made === null ? 'null' : typeof made}. Return options of node:tls, as the factory does.`,
    )
  }
  return made
}

const isContext = (made: TlsOptions | SecureContext): made is SecureContext => 'context' in made

const failed = (words: string, cause?: unknown): ServerError => {
  const stack = cause instanceof Error ? cause.stack : undefined
  return new ServerError('TSG_HOOK_FAILED', `ssl_context: ${words}`, {
    cause,
    ...(stack ? { detail: stack } : {}),
  })
}
