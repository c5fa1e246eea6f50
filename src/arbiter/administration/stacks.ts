/** stub */
import type { StackFact } from '../../control/status.ts'
import type { Office } from '../office.ts'
export const stackFact = async (_office: Office, pid: number): Promise<StackFact> => ({
  pid,
  language: 'javascript',
  stacks: [],
  note: 'not yet',
})
