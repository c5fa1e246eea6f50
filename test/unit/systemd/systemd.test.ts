import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { listenFds } from '../../../src/systemd/listen-fds.ts'
import { createNotifier } from '../../../src/systemd/notify.ts'

test.each([
  [
    'ours',
    { LISTEN_PID: '7', LISTEN_FDS: '2', LISTEN_FDNAMES: 'web:adm' },
    [
      { fd: 3, name: 'web' },
      { fd: 4, name: 'adm' },
    ],
  ],
  ['without names', { LISTEN_PID: '7', LISTEN_FDS: '1' }, [{ fd: 3, name: 'unknown' }]],
  ["another process's", { LISTEN_PID: '8', LISTEN_FDS: '2' }, []],
  ['nonsense', { LISTEN_PID: '7', LISTEN_FDS: '-1' }, []],
  ['none', {}, []],
])('descriptors that are %s', (_, env, fds) => {
  expect(listenFds(env, 7)).toEqual(fds)
})

/** As systemd: prints what arrives; closing the descriptors that come along answers the BARRIER. */
const receiver = `import socket,sys,array,os
s=socket.socket(socket.AF_UNIX,socket.SOCK_DGRAM);s.bind(sys.argv[1]);print('up',flush=True)
while True:
  d,a,f,_=s.recvmsg(4096,256)
  for l,t,c in a:
    if t==socket.SCM_RIGHTS:
      for fd in array.array('i',c[:len(c)-len(c)%4]): os.close(fd)
  if b'BARRIER' not in d: print(repr(d.decode()),flush=True)`

const hasReceiver = await new Promise<boolean>((resolve) => {
  const child = spawn('sh', ['-c', 'command -v systemd-notify && command -v python3'], { stdio: 'ignore' })
  child.once('exit', (code) => resolve(code === 0))
})

test.runIf(hasReceiver)('what is said arrives, in order', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'tsg-notify-'))
  const socket = join(directory, 's')
  const python = spawn('python3', ['-c', receiver, socket], { stdio: ['ignore', 'pipe', 'inherit'] })
  let text = ''
  python.stdout.on('data', (chunk) => {
    text += String(chunk)
  })
  try {
    await once(python.stdout, 'data')
    const warnings: string[] = []
    const notifier = createNotifier({
      env: { ...process.env, NOTIFY_SOCKET: socket },
      warn: (w) => warnings.push(w),
    })
    notifier.reloading()
    notifier.ready('2 workers\nready')
    notifier.mainPid(12)
    notifier.stopping()
    await notifier.settled()
    expect(warnings).toEqual([])
    await expect.poll(() => text).toContain('STOPPING')
    expect(text.split('\n')).toEqual([
      'up',
      expect.stringMatching(/^'RELOADING=1\\nMONOTONIC_USEC=\d+'$/),
      "'READY=1\\nSTATUS=2 workers ready'",
      "'MAINPID=12'",
      "'STOPPING=1'",
      '',
    ])
  } finally {
    python.kill('SIGKILL')
    rmSync(directory, { recursive: true })
  }
})

test('a socket that nobody reads, or a program that is missing, is one warning', async () => {
  const warnings: string[] = []
  const notifier = createNotifier({
    env: { NOTIFY_SOCKET: '/no/such', PATH: '/no/such' },
    warn: (w) => warnings.push(w),
  })
  notifier.ready()
  notifier.status('x')
  await notifier.settled()
  expect(warnings).toEqual([expect.stringContaining('systemd is not notified (READY=1)')])
})

test('without systemd nothing is run', async () => {
  const notifier = createNotifier({ env: { PATH: '/no/such' }, warn: (w) => expect.unreachable(w) })
  notifier.ready()
  await notifier.settled()
})

test('the watchdog is told twice in its time, by the process it is for', () => {
  const of = (env: NodeJS.ProcessEnv) => createNotifier({ env, pid: 7, warn: () => undefined }).watchdogMs
  expect(of({ WATCHDOG_USEC: '30000000', WATCHDOG_PID: '7' })).toBe(15_000)
  expect(of({ WATCHDOG_USEC: '30000000', WATCHDOG_PID: '8' })).toBeUndefined()
  expect(of({})).toBeUndefined()
})
