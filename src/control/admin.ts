/**
 * The admin listener (`admin_bind`): health checks for everybody, metrics and status for who has the token, by node:http
 * in the master. It changes nothing.
 */
import { createServer, type Server } from 'node:http'
import { type AdminRequests, adminHandler } from './admin-requests.ts'
import { createOwnListener, type OwnListener, type OwnListenerOptions } from './own-listener.ts'

/** The settings of these names. */
export interface AdminSettings {
  readonly admin_bind: string | undefined
  readonly admin_token: string | undefined
}

export interface AdminOptions extends OwnListenerOptions {
  readonly administration: AdminRequests
}

/** Small numbers: those who ask are probes and scrapers. Milliseconds, bytes. */
const limits = {
  connections: 128,
  head: 8192,
  receiving: 5000,
  idle: 30_000,
  look: 1000,
}

export const createAdminListener = (options: AdminOptions): OwnListener<AdminSettings> => {
  // In force for requests: it may change while the address stays.
  let token: string | undefined
  return createOwnListener<AdminSettings>(
    {
      setting: 'admin_bind',
      name: 'admin listener',
      offers: 'Health and metrics',
      asked: ({ admin_bind }) => admin_bind,
      server: () => adminServer(options, () => token),
      follow: ({ admin_token }) => {
        token = admin_token
      },
    },
    options,
  )
}

const adminServer = ({ administration, log }: AdminOptions, token: () => string | undefined): Server => {
  const server = createServer(
    {
      maxHeaderSize: limits.head,
      headersTimeout: limits.receiving,
      requestTimeout: limits.receiving,
      keepAliveTimeout: limits.idle,
      connectionsCheckingInterval: limits.look,
    },
    adminHandler({ administration, log, token }),
  )
  server.maxConnections = limits.connections
  server.setTimeout(limits.idle)
  // Who keeps connections for later makes room for who asks now.
  server.on('drop', () => server.closeIdleConnections())
  return server
}
