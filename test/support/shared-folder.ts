/** A folder for what two servers of one test share. */
import { rmSync } from 'node:fs'
import { onTestFinished } from 'vitest'
import { temporaryFolder } from './machine.ts'

/** A temporary folder that is removed with the test: for what two servers share. */
export const sharedFolder = (): string => {
  const folder = temporaryFolder()
  onTestFinished(() => {
    rmSync(folder, { recursive: true, force: true })
  })
  return folder
}
