/** What a connection leaves for a later turn of the loop. Functions of their own, so that none is made each time. */
import type { Exchange } from './exchange.ts'
import type { CoreParts } from './parts.ts'

/** Others had their turn meanwhile. */
export const proceedLater = (connection: { streak: number; proceed(): void }): void => {
  connection.streak = 0
  connection.proceed()
}

/** Unless the client has gone meanwhile. */
export const serveLater = (core: CoreParts, exchange: Exchange): void => {
  if (exchange.phase === 'waiting') core.serve(exchange)
}
