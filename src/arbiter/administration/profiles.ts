/** stub */
import type { ProfileOptions } from '../../control/administration.ts'
import type { Office } from '../office.ts'
export const profile = async (
  _office: Office,
  _options: ProfileOptions,
  _by: string,
): Promise<{ readonly file: string; readonly note: string | null }> => {
  throw new Error('not yet')
}
