/** `completion SHELL`. */
import { completionScript } from '../completion.ts'
import { type Session, tell } from '../session.ts'

export const completion = async (session: Session): Promise<undefined> => {
  const script = completionScript(session.asked.operands[0] ?? '')
  tell(session, script, () => [script.trimEnd()])
  return undefined
}
