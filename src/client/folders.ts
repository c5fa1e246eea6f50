/** The folders in which a server of this user may have put its control socket. Pure. */
import { challengerEnding, controlFolder } from '../control/path.ts'

/**
 * Absolute, the likeliest first: the runtime folder of the session and the one for temporary files. A service often has no
 * XDG_RUNTIME_DIR where the user's shell has one, and a shell of sudo has none where the session has: both are looked into.
 */
export const controlFolders = (
  env: Readonly<Record<string, string | undefined>>,
  uid: number,
): readonly string[] => {
  const given = env['XDG_RUNTIME_DIR']
  const runtimeFolder = given?.startsWith('/') ? given : undefined
  const temporaryFolder = env['TMPDIR'] || '/tmp'
  const place = { temporaryFolder, uid }
  const temporary = controlFolder({ ...place, runtimeFolder: undefined })
  return runtimeFolder === undefined
    ? [temporary, controlFolder({ ...place, runtimeFolder: `/run/user/${uid}` })]
    : [controlFolder({ ...place, runtimeFolder }), temporary]
}

/** A socket that takes orders, of a master or of a challenger. */
export const isControlSocket = (name: string): boolean =>
  name.endsWith('.ctl') || name.endsWith(`.ctl${challengerEnding}`)
