import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { paddedArgv0 } from '../../../src/system/title.ts'

test.runIf(process.platform === 'linux')('a process spawned with room shows its whole title', async () => {
  const module = fileURLToPath(new URL('../../../src/system/title.ts', import.meta.url))
  const title = 'tsgunicorn: worker 12 [an application with a long name]'
  const code = `const {setTitle}=await import(${JSON.stringify(module)});setTitle(${JSON.stringify(title)});
    console.log('up');setInterval(()=>{},1e6)`
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', code], {
    argv0: paddedArgv0('tsgunicorn'),
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  try {
    await once(child.stdout, 'data')
    expect(readFileSync(`/proc/${child.pid}/cmdline`, 'latin1').replace(/\0[\s\S]*/, '')).toBe(title)
  } finally {
    child.kill('SIGKILL')
  }
})
