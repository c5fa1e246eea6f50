/** Captures its output into PATH, prints, opens it anew after `mv`, prints again. Arguments: path. */
import { spawnSync } from 'node:child_process'
import { renameSync, writeSync } from 'node:fs'
import { captureOutput } from '../../../../src/log/capture.ts'

const [path = ''] = process.argv.slice(2)
console.log('before')
const capture = captureOutput({ path })
console.log('console')
writeSync(2, 'descriptor\n')
spawnSync('sh', ['-c', 'echo child'], { stdio: 'inherit' })
renameSync(path, `${path}.1`)
capture.reopen()
console.error('after')
