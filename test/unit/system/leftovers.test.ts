import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { endLeftovers, findLeftovers, masterVariable } from '../../../src/system/leftovers.ts'
import { isAlive } from '../../../src/system/processes.ts'

/** A master that starts a worker which is blocked at once, says both pids, and stays. */
const masterCode = `const c=require('child_process').spawn(process.execPath,['-e',"console.log('blocked');for(;;);"],
 {env:{${masterVariable}:String(process.pid)},stdio:['ignore','pipe','inherit']})
c.stdout.once('data',()=>console.log(c.pid));setInterval(()=>{},1e6)`

test.runIf(process.platform === 'linux')(
  'workers of a dead master are found and killed, those of a living one are not',
  async () => {
    const master = spawn(process.execPath, ['-e', masterCode], { stdio: ['ignore', 'pipe', 'inherit'] })
    const worker = Number(String((await once(master.stdout, 'data'))[0]))
    const pid = master.pid ?? 0
    try {
      expect(findLeftovers(pid)).toEqual([])
      master.kill('SIGKILL')
      await once(master, 'exit')
      const leftovers = findLeftovers(pid)
      expect(leftovers.map((leftover) => leftover.pid)).toEqual([worker])
      // Another process under the same pid would have another start: it is not touched.
      const impostor = leftovers.map((leftover) => ({ ...leftover, startTicks: leftover.startTicks + 1 }))
      await endLeftovers(impostor)
      expect(isAlive(worker)).toBe(true)
      expect(await endLeftovers(leftovers, { patience: 50 })).toEqual([worker])
      expect(isAlive(worker)).toBe(false)
      expect(findLeftovers(pid)).toEqual([])
    } finally {
      if (isAlive(worker)) process.kill(worker, 'SIGKILL')
    }
  },
)
