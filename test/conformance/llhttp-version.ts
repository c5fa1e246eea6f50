/** Which llhttp this Node has: some of its ways with bytes have changed. */

/** MAJOR.MINOR of the first llhttp that agrees; a row without one is true of all that are known. */
export type AgreesFrom = `${number}.${number}`

const partsOf = (version: string): readonly number[] => version.split('.').map(Number)

/** Whether a row still holds here. */
export const stillDiffers = (agreesFrom: AgreesFrom | undefined): boolean => {
  if (agreesFrom === undefined) return true
  const [major = 0, minor = 0] = partsOf(process.versions['llhttp'] ?? '0.0')
  const [majorFrom = 0, minorFrom = 0] = partsOf(agreesFrom)
  return major < majorFrom || (major === majorFrom && minor < minorFrom)
}

/** What the document says of it. */
export const releases = (agreesFrom: AgreesFrom | undefined): string =>
  agreesFrom === undefined ? '' : ` (llhttp before ${agreesFrom}; \`process.versions.llhttp\` tells)`
