/** tsgunicornc as users run it, against a socket that answers as the test says: finding, output, outcomes, exit statuses. */
import { appendFileSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { client, startClient } from '../support/client.ts'
import { eventually } from '../support/eventually.ts'
import { FakeControl, type Script } from '../support/fake-control.ts'
import { reloadEvent, stagingEvent, statusWith, workerEvent, workerWith } from '../support/fake-status.ts'
import { temporaryFolder } from '../support/machine.ts'

const folder = temporaryFolder()
afterAll(() => rmSync(folder, { recursive: true, force: true }))

let number = 0
/** A runtime folder of a test's own: the variable that names it, and where its sockets are. */
const runtime = () => {
  const root = join(folder, `r${number++}`)
  mkdirSync(root, { mode: 0o700 })
  return {
    root,
    env: { XDG_RUNTIME_DIR: root, TMPDIR: root },
    socket: (name: string) => join(root, 'tsgunicorn', `${name}.ctl`),
  }
}

const withStatus = (script: Script = {}, status = statusWith()): Script => ({
  status: () => ({ data: status }),
  ...script,
})

const served = async (script: Script = {}, status = statusWith()) => {
  const place = runtime()
  const control = await FakeControl.start(place.socket('shop'), withStatus(script, status))
  const run = (...args: string[]) => client(args, { env: place.env, cwd: place.root })
  return { ...place, control, run }
}

describe('finding the server', () => {
  test('the only one that runs is meant', async () => {
    const { run } = await served()
    expect(await run('status')).toMatchObject({ code: 0, out: expect.stringContaining('shop') })
  })

  test('none: exit 3, and words on what to do', async () => {
    const { env, root } = runtime()
    const { code, err, out } = await client(['status'], { env, cwd: root })
    expect({ code, out }).toEqual({ code: 3, out: '' })
    expect(err).toMatch(/No server .*--socket/s)
  })

  test('several: they are listed, exit 2; --pid and --socket choose', async () => {
    const { env, root, socket } = runtime()
    await FakeControl.start(socket('one'), withStatus({}, statusWith({ name: 'one', pid: 11 })))
    await FakeControl.start(socket('two'), withStatus({}, statusWith({ name: 'two', pid: 22 })))
    const refused = await client(['status'], { env, cwd: root })
    expect(refused).toMatchObject({ code: 2, out: '' })
    expect(refused.err).toMatch(/one {2}pid 11[\s\S]*two {2}pid 22/)
    writeFileSync(join(root, 'two.pid'), '22\n')
    const byPid = await client(['-p', 'two.pid', 'status', '--json'], { env, cwd: root })
    expect(JSON.parse(byPid.out)).toMatchObject({ name: 'two', version: 1 })
    const bySocket = await client([`--socket=${socket('one')}`, '--json', 'status'], { env })
    expect(JSON.parse(bySocket.out)).toMatchObject({ name: 'one' })
  })

  test('the one whose configuration lies in the working directory wins over others', async () => {
    const { env, root, socket } = runtime()
    await FakeControl.start(socket('one'), withStatus({}, statusWith({ name: 'one', pid: 11 })))
    const here = statusWith({ name: 'here', pid: 22, config: join(root, 'gunicorn.conf.ts') })
    await FakeControl.start(socket('two'), withStatus({}, here))
    const { out, code } = await client(['status', '--json'], { env, cwd: root })
    expect([code, JSON.parse(out).name]).toEqual([0, 'here'])
  })

  test('a socket that is left over is passed over; asked for, it is exit 3', async () => {
    const { run, root, env } = await served()
    const stale = join(root, 'tsgunicorn', 'stale.ctl')
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(join(root, 'tsgunicorn', 'other.ctl'), resolve))
    // A renamed socket is not removed when its server closes.
    renameSync(join(root, 'tsgunicorn', 'other.ctl'), stale)
    await new Promise((resolve) => server.close(resolve))
    expect((await run('status')).code).toBe(0)
    const asked = await client(['-s', stale, 'status'], { env })
    expect(asked).toMatchObject({ code: 3, err: expect.stringContaining('left the file behind') })
  })

  test('a master that does not answer is exit 4 after --timeout', async () => {
    const { socket, env } = runtime()
    await FakeControl.start(socket('hung'), { status: () => 'silent' })
    const { code, err } = await client(['--timeout', '0.2', 'status'], { env })
    expect([code, err]).toEqual([4, expect.stringMatching(/No answer came .*hang/)])
  })
})

describe('output', () => {
  test('into a pipe it is plain, whole, and the same each time', async () => {
    const { run } = await served()
    const { out } = await run('status')
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that there are none is the point.
    expect(out).not.toMatch(/\x1b/)
    expect(out).toMatch(/^shop {2}running {2}up 1h 3m {2}pid 4300 {2}tsgunicorn 0\.1\.0$/m)
    expect(out).toMatch(
      /WORKER +PID +STATE +KIND +GEN +UPTIME +REQUESTS +IN FLIGHT +REQ\/S +P50 +P95 +CPU +RSS +LAG +LAST EXIT/,
    )
    expect(out).toMatch(
      / +1 +4301 +ready +javascript +1 +1h 2m +12,345 +2 +120 +1\.2 ms +34 ms +31 % +70 MB +800 us +-/,
    )
    expect((await run('status')).out).toBe(out)
  })

  test('--color wins over the pipe, NO_COLOR does not', async () => {
    const { env } = await served()
    expect((await client(['status', '--color'], { env })).out).toContain('\x1b[')
    expect((await client(['status'], { env: { ...env, NO_COLOR: '1' } })).out).not.toContain('\x1b[')
  })

  test('what clients sent cannot write to the terminal', async () => {
    const path = '/\x1b]0;owned\x07\u202e'
    const fact = {
      worker: 1,
      front: null,
      method: 'GET',
      path,
      age: 0.5,
      client: '127.0.0.1',
      phase: 'running',
    }
    const { run } = await served({ requests: () => ({ data: [fact] }) })
    const { out } = await run('requests')
    expect(out).toContain('/\\x1b]0;owned\\x07\\u202e')
    expect(JSON.parse((await run('requests', '--json')).out)).toEqual({ version: 1, requests: [fact] })
    const refused = await served({
      reopen: () => ({ error: { code: 'failed', message: path, detail: path } }),
    })
    expect((await refused.run('reopen')).err).toBe(
      'Error: /\\x1b]0;owned\\x07\\u202e\n\n/\\x1b]0;owned\\x07\\u202e\n',
    )
  })

  test('errors are JSON on standard error with --json', async () => {
    const { run } = await served({ scale: () => ({ error: { code: 'refused', message: 'not now' } }) })
    const { code, out, err } = await run('scale', '+1', '--json')
    expect([code, out]).toEqual([1, ''])
    expect(JSON.parse(err)).toEqual({
      version: 1,
      error: { code: 'refused', message: 'not now', detail: null },
    })
    const usage = await run('scale', 'many', '--json')
    expect([usage.code, JSON.parse(usage.err).error.code]).toEqual([2, 'usage'])
  })

  test('a reader that goes ends it without words', async () => {
    const place = runtime()
    const rows = Array.from({ length: 20_000 }, (_, at) => ({
      name: `n${at}`,
      value: 1,
      origin: 'x',
      isDefault: true,
    }))
    await FakeControl.start(place.socket('a'), withStatus({ config: () => ({ data: rows }) }))
    const { child, ended } = startClient(['config'], { env: place.env })
    child.stdout?.once('data', () => child.stdout?.destroy())
    expect(await ended).toMatchObject({ code: 0, err: '' })
  })
})

describe('orders', () => {
  test('what is asked for reaches the server as its contract says', async () => {
    const granted = () => ({ data: { before: 2, target: 4 } })
    const names = [
      'scale',
      'drain',
      'kill',
      'reopen',
      'stop',
      'restart',
      'reload',
      'upgrade',
      'back-out',
      'profile',
      'stack',
    ]
    const { run, control } = await served(Object.fromEntries(names.map((name) => [name, granted])))
    const said = await run('scale', '+2')
    expect(said.out).toBe('Workers: 2 before, 4 now.\n')
    const lines = [
      'scale -1',
      'scale 4',
      'drain 12',
      'kill 12',
      'reopen',
      'stop',
      'stop --quick',
      'restart',
      'restart 12',
      'reload',
      'upgrade',
      'upgrade --back-out',
      'profile cpu 12 --seconds 3 --output /tmp',
    ]
    for (const line of lines) expect([line, (await run(...line.split(' '))).code]).toEqual([line, 0])
    const orders = control.asked
      .filter(({ command }) => command !== 'status')
      .map(({ command, args }) => [command, args])
    expect(orders).toEqual([
      ['scale', { by: 2 }],
      ['scale', { by: -1 }],
      ['scale', { to: 4 }],
      ['drain', { pid: 12 }],
      ['kill', { pid: 12 }],
      ['reopen', {}],
      ['stop', {}],
      ['stop', { quick: true }],
      ['restart', {}],
      ['restart', { pid: 12 }],
      ['reload', {}],
      ['upgrade', {}],
      ['back-out', {}],
      ['profile', { pid: 12, what: 'cpu', directory: '/tmp', seconds: 3 }],
    ])
  })
})

describe('waiting', () => {
  const reloading: Script = {
    reload: (_, control) => {
      // Told before the answer: nothing may be missed.
      control.tell(stagingEvent)
      return { data: { generation: 2, postponed: false } }
    },
  }

  test('reload --wait shows the progress, and ends with 0 when the generation serves', async () => {
    const { control, env } = await served(reloading)
    const running = startClient(['reload', '--wait'], { env })
    await eventually(() => running.out().includes('generation 2 is booting: 1 of 2 ready'))
    control.tell(reloadEvent({ generation: 7, ok: false, message: 'another one' }))
    control.tell(workerEvent)
    control.tell(reloadEvent())
    const { code, out } = await running.ended
    expect(code).toBe(0)
    expect(out).toMatch(/worker 3 \(pid 4303\) of generation 2 is ready\n/)
    expect(out).toMatch(/Reloaded: generation 2 serves, after 1\.3 s\.\n$/)
  })

  test('a reload that fails is exit 1, with message and detail', async () => {
    const { control, env } = await served(reloading)
    const running = startClient(['reload', '--wait=20'], { env })
    await eventually(() => control.asked.some(({ command }) => command === 'reload'))
    control.tell(
      reloadEvent({ ok: false, message: 'app.mjs threw', detail: 'Error: boom\n    at app.mjs:1' }),
    )
    const { code, err } = await running.ended
    expect(code).toBe(1)
    expect(err).toMatch(/the old workers serve on: app\.mjs threw\n\nError: boom\n {4}at app\.mjs:1/)
  })

  test('with --json the outcome alone is printed', async () => {
    const { control, env } = await served(reloading)
    const running = startClient(['reload', '--wait', '--json'], { env })
    await eventually(() => control.asked.some(({ command }) => command === 'reload'))
    control.tell(reloadEvent())
    const { out } = await running.ended
    expect(JSON.parse(out)).toMatchObject({ version: 1, ok: true, generation: 2, seconds: 1.25 })
  })

  test('when the time is over it is exit 4, when it is interrupted 130, when the server goes 1', async () => {
    const { control, env, run } = await served(reloading)
    expect(await run('reload', '--wait=0.1')).toMatchObject({
      code: 4,
      err: expect.stringContaining('goes on'),
    })
    const interrupted = startClient(['reload', '--wait'], { env })
    await eventually(() => interrupted.out().includes('1 of 2 ready'))
    interrupted.child.kill('SIGINT')
    expect((await interrupted.ended).code).toBe(130)
    const left = startClient(['reload', '--wait'], { env })
    await eventually(() => left.out().includes('1 of 2 ready'))
    await control.close()
    expect(await left.ended).toMatchObject({ code: 1, err: expect.stringContaining('closed the connection') })
  })

  test('restart --wait ends with what the master says of it', async () => {
    const { run, control } = await served({
      restart: ({ pid }) =>
        pid === undefined
          ? { data: { outcome: { replaced: 2 } } }
          : { error: { code: 'failed', message: 'worker 12 does not boot' } },
    })
    expect(await run('restart', '--wait')).toMatchObject({ code: 0, out: 'The workers are replaced.\n' })
    expect(await run('restart', '12', '--wait=5')).toMatchObject({
      code: 1,
      err: expect.stringContaining('does not boot'),
    })
    const orders = control.asked.filter(({ command }) => command === 'restart')
    expect(orders.map(({ args }) => args)).toEqual([{ wait: 90 }, { pid: 12, wait: 5 }])
  })

  test('upgrade --wait ends when the new master serves, or with the reason', async () => {
    const at = '2026-11-01T10:00:05.120Z'
    const events = [
      [
        { at, event: 'upgrade', phase: 'starting' },
        { at, event: 'upgrade', phase: 'running', ok: true, message: null },
      ],
      [
        { at, event: 'upgrade', phase: 'starting' },
        { at, event: 'upgrade', phase: 'none', ok: false, message: 'it exited with 3' },
      ],
    ] as const
    let turn = 0
    const { run } = await served({
      upgrade: (_, control) => {
        for (const event of events[turn] ?? []) control.tell(event)
        turn++
        return { data: {} }
      },
    })
    expect(await run('upgrade', '--wait')).toMatchObject({
      code: 0,
      out: expect.stringContaining('--complete'),
    })
    expect(await run('upgrade', '--wait')).toMatchObject({
      code: 1,
      err: expect.stringContaining('it exited with 3'),
    })
    expect(await run('upgrade', '--complete')).toMatchObject({
      code: 1,
      err: expect.stringContaining('No upgrade is under way'),
    })
    expect((await run('upgrade', '--complete', '--back-out')).code).toBe(2)
  })

  test('stop --wait ends when the process is gone', async () => {
    const { child, ended } = startClient(['completion', 'bash'])
    await ended
    const { run, control } = await served({ stop: () => ({ data: {} }) }, statusWith({ pid: child.pid ?? 0 }))
    const stopping = run('stop', '--wait=10')
    await eventually(() => control.asked.some(({ command }) => command === 'stop'))
    await control.close()
    expect(await stopping).toMatchObject({ code: 0, out: expect.stringContaining('has ended after') })
  })
})

describe('events and logs', () => {
  test('events are told as they come, as lines or as JSON', async () => {
    const { control, env } = await served()
    const words = startClient(['events'], { env })
    const json = startClient(['events', '--json'], { env })
    await eventually(() => control.asked.filter(({ command }) => command === 'events').length === 2)
    control.tell(workerEvent)
    control.tell({ at: workerEvent.at, event: 'mode', state: 'stopping' })
    await eventually(() => words.out().includes('stopping') && json.out().includes('stopping'))
    await control.close()
    expect((await words.ended).out).toMatch(
      /^\d\d:\d\d:\d\d\.\d{3} {2}worker 3 \(pid 4303\) of generation 2 is ready\n/,
    )
    const { code, out } = await json.ended
    expect([code, JSON.parse(out.split('\n')[0] ?? '')]).toEqual([0, workerEvent])
  })

  test('an interruption is exit 130', async () => {
    const { control, env } = await served()
    const running = startClient(['events'], { env })
    await eventually(() => control.asked.some(({ command }) => command === 'events'))
    control.tell(workerEvent)
    await eventually(() => running.out() !== '')
    running.child.kill('SIGINT')
    expect((await running.ended).code).toBe(130)
  })

  test('a slow reader is given all of a long answer', async () => {
    const text = 'metric_total 1\n'.repeat(200_000)
    const { env } = await served({ metrics: () => ({ data: text }) })
    const { out, code } = await client(['metrics'], { env })
    expect([code, out.length]).toEqual([0, text.length])
  })

  test('logs are followed across rotation and truncation', async () => {
    const place = runtime()
    const file = join(place.root, 'error.log')
    writeFileSync(file, Array.from({ length: 30 }, (_, at) => `line ${at}\n`).join(''))
    const facts = [{ name: 'errorlog', value: file, origin: '', isDefault: false }]
    const control = await FakeControl.start(
      place.socket('a'),
      withStatus({ config: () => ({ data: facts }) }),
    )
    const running = startClient(['logs', '-fn', '2'], { env: place.env })
    await eventually(() => running.out() === 'line 28\nline 29\n')
    appendFileSync(file, 'half')
    appendFileSync(file, ' and whole\nlast of the old\n')
    renameSync(file, `${file}.1`)
    writeFileSync(file, 'first of the new\n')
    await eventually(() => running.out().endsWith('half and whole\nlast of the old\nfirst of the new\n'))
    writeFileSync(file, 'cut\n')
    await eventually(() => running.out().endsWith('first of the new\ncut\n'))
    await control.close()
    expect((await running.ended).code).toBe(0)
  })

  test('logs that go to standard error are said to', async () => {
    const facts = [{ name: 'errorlog', value: '-', origin: '', isDefault: true }]
    const { run } = await served({ config: () => ({ data: facts }) })
    expect(await run('logs')).toMatchObject({ code: 1, err: expect.stringMatching(/journalctl/) })
  })
})

describe('doctor', () => {
  test('judges the machine without a server, and the server when there is one', async () => {
    const { env, root } = runtime()
    const alone = await client(['doctor'], { env, cwd: root })
    expect(alone.out).toMatch(/^ok +server +none is running/m)
    expect(alone.out).toMatch(/^\w+ +node +Node \d+/m)
    const config = [
      { name: 'worker_connections', value: 2_000_000_000, origin: '', isDefault: false },
      { name: 'pidfile', value: '/nowhere/server.pid', origin: '', isDefault: false },
    ]
    const { run } = await served({ config: () => ({ data: config }) }, statusWith({ pid: process.pid }))
    const { code, out } = await run('doctor', '--json')
    const findings: { check: string; state: string }[] = JSON.parse(out).doctor
    const problems = findings.filter(({ state }) => state === 'problem').map(({ check }) => check)
    expect([code, problems]).toEqual([1, expect.arrayContaining(['open files', 'writable'])])
  })
})

test('a worker without a process and unknown numbers are dashes', async () => {
  const empty = workerWith({
    pid: null,
    state: 'spawning',
    uptime: null,
    inFlight: null,
    rate: null,
    p50: null,
    p95: null,
    cpu: null,
    cpuSeconds: null,
    rss: null,
    lag: null,
  })
  const { run } = await served({}, statusWith({ workers: [empty] }))
  expect((await run('status')).out).toMatch(
    /1 +- +spawning +javascript +1 +- +12,345 +- +- +- +- +- +- +- +-/,
  )
})
