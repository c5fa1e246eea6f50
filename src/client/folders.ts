/** The folders in which a server of this user may have put its control socket. Pure. */
import { challengerEnding, controlFolder } from '../control/path.ts'

/**
 * Absolute, the likeliest first. A service has often no XDG_RUNTIME_DIR and no TMPDIR where the user's shell has them,
 * and the other way round: all are looked into.
 */
export const controlFolders = (
  env: Readonly<Record<string, string | undefined>>,
  uid: number,
): readonly string[] => {
  const given = env['XDG_RUNTIME_DIR']
  const runtimeFolders = [given?.startsWith('/') ? given : undefined, undefined, `/run/user/${uid}`]
  const temporaryFolders = [env['TMPDIR'] || '/tmp', '/tmp']
  const all = runtimeFolders.flatMap((runtimeFolder) =>
    temporaryFolders.map((temporaryFolder) => controlFolder({ runtimeFolder, temporaryFolder, uid })),
  )
  return [...new Set(all)]
}

/** A socket that takes orders, of a master or of a challenger. */
export const isControlSocket = (name: string): boolean =>
  name.endsWith('.ctl') || name.endsWith(`.ctl${challengerEnding}`)
