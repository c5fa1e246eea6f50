/** stub */
import type { RequestFact } from '../../control/status.ts'
import type { Office } from '../office.ts'
export const requestsOf = async (_office: Office): Promise<readonly RequestFact[]> => []
