/** What a connection leaves for a later turn of the loop. A function of its own, so that none is made each time. */

/** Others had their turn meanwhile. */
export const proceedLater = (connection: { streak: number; proceed(): void }): void => {
  connection.streak = 0
  connection.proceed()
}
