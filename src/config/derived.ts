/** Values that follow from several settings, so that nobody combines them twice. */

import type { Config } from './config.ts'

/** What is looked at: a Config, or any part of one. */
type Values = Readonly<Record<string, unknown>> | Config

/** The application to run, as it was named: `app`, else `wsgi_app`; undefined when nobody named one. */
export const applicationOf = (config: Values): string | undefined =>
  textOf(config['app']) ?? textOf(config['wsgi_app'])

/** Whether TLS is spoken, on all listeners: a certificate is there, or a hook that brings one. */
export const speaksTls = ({ certfile, sni_certs, ssl_context }: Config): boolean =>
  certfile !== undefined || Object.keys(sni_certs).length > 0 || ssl_context !== undefined

/** The name in process titles and syslog: `proc_name`, else `default_proc_name` when it was changed, else the application. */
export function processNameOf(config: Values): string {
  const fallback = textOf(config['default_proc_name']) ?? 'gunicorn'
  return (
    textOf(config['proc_name']) ?? (fallback === 'gunicorn' ? (applicationOf(config) ?? fallback) : fallback)
  )
}

const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined
