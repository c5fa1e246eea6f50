/** `tsgunicornc top` in a real terminal, against a socket that answers as the test says. */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { builtClient } from '../support/client.ts'
import { eventually } from '../support/eventually.ts'
import { FakeControl } from '../support/fake-control.ts'
import { statusWith, workerWith } from '../support/fake-status.ts'
import { temporaryFolder } from '../support/machine.ts'
import { noTmux, Terminal, tmuxLabel } from '../support/terminal.ts'

/** Workers whose request counts run against their ages. */
const workers = [1, 2, 3, 4].map((age) => workerWith({ age, pid: 4300 + age, requests: 1000 - 100 * age }))
const stack = {
  pid: 4302,
  language: 'javascript',
  stacks: [{ thread: 'main', text: Array.from({ length: 60 }, (_, at) => `at frame${at}`).join('\n') }],
  note: null,
}

const open = async () => {
  const folder = temporaryFolder()
  const control = await FakeControl.start(join(folder, 'top.ctl'), {
    status: () => ({ data: statusWith({ workers }) }),
    stack: () => ({ data: stack }),
    drain: ({ pid }) =>
      pid === 4302 ? { data: {} } : { error: { code: 'refused', message: 'it is leaving already' } },
    restart: () => ({ data: {} }),
  })
  const terminal = Terminal.open(150, 30, {})
  const run = () =>
    terminal.type(`${process.execPath} ${builtClient} -s ${control.path} top; echo "status $?"`)
  run()
  await terminal.shows(/WORKER.*LAST EXIT/)
  return { control, terminal, run, remove: () => rmSync(folder, { recursive: true, force: true }) }
}

test.skipIf(noTmux)(
  `top selects, sorts, drains and shows stacks, and leaves the terminal as it was${tmuxLabel}`,
  async () => {
    const { control, terminal, remove } = await open()
    expect(terminal.alternate()).toBe(true)
    const order = (screen: string) => [...screen.matchAll(/ (430[1-9]) /g)].map(([, pid]) => pid).join(' ')
    expect(order(terminal.screen())).toBe('4301 4302 4303 4304')

    terminal.press('j')
    await eventually(() =>
      terminal
        .coloured()
        .split('\n')
        .some((line) => line.includes('\x1b[7m') && line.includes('4302')),
    )
    terminal.press('d')
    await terminal.shows(/Worker 4302 finishes its requests/)
    terminal.press('Down', 'd')
    await terminal.shows(/it is leaving already/)
    terminal.press('k', 'r')
    await terminal.shows(/Worker 4302 is being replaced/)
    const asked = control.asked.filter(({ command }) => command === 'drain' || command === 'restart')
    expect(asked.map(({ command, args }) => [command, args])).toEqual([
      ['drain', { pid: 4302 }],
      ['drain', { pid: 4303 }],
      ['restart', { pid: 4302 }],
    ])

    for (let column = 0; column < 6; column++) terminal.press('Right')
    await terminal.shows(/REQUESTS▼/)
    terminal.press('i')
    await terminal.shows(/REQUESTS▲/)
    await eventually(() => order(terminal.screen()) === '4304 4303 4302 4301')

    terminal.press('s')
    await terminal.shows(/main:[\s\S]*at frame0\n/)
    terminal.press('G')
    await terminal.shows(/at frame59/)
    terminal.press('q', '?')
    await terminal.shows(/drain the selected worker/)
    terminal.press('?')
    await terminal.shows(/REQUESTS▲/)

    terminal.resize(70, 16)
    const narrow = await eventually(() => {
      const screen = terminal.screen()
      return !screen.includes('LAST EXIT') && screen.includes('REQ/S') && screen
    })
    expect(narrow.split('\n').filter((line) => line.length > 70)).toEqual([])

    terminal.press('q')
    const after = await terminal.shows(/status 0/)
    expect([terminal.alternate(), after]).toEqual([false, expect.not.stringContaining('WORKER')])
    remove()
  },
)

test.skipIf(noTmux)(
  `top gives the terminal back when it is interrupted, stopped, or its server goes${tmuxLabel}`,
  async () => {
    const { control, terminal, run, remove } = await open()
    terminal.press('C-c')
    await terminal.shows(/status 130/)
    expect(terminal.alternate()).toBe(false)

    run()
    await eventually(() => terminal.alternate() && terminal.screen().includes('WORKER'))
    const [line = ''] = terminal.screen().split('\n')
    expect(line).toContain('shop')
    await control.close()
    await terminal.shows(/closed the connection/)
    await terminal.shows(/status 1\b/)
    expect(terminal.alternate()).toBe(false)
    // Echo and line mode are back: what is typed is seen, and run.
    terminal.type('echo back-$((40 + 2))')
    await terminal.shows(/back-42/)
    remove()
  },
)
