/** Writes more than a pipe holds into one that nobody reads, and ends. Arguments: the path of the pipe. */
import { closeSync, openSync } from 'node:fs'
import { createAccessLog } from '../../../../src/log/access.ts'
import { exchange } from '../helpers-plain.ts'

const [path = ''] = process.argv.slice(2)
closeSync(1)
if (openSync(path, 'r+') !== 1) throw new Error('the pipe is not the standard output')
const log = createAccessLog({ destination: '-', format: '%(U)s' })
for (let at = 0; at < 20_000; at += 1) log.write(exchange({ target: `/${at}/${'x'.repeat(100)}` }))
setTimeout(() => process.exit(0), 50)
