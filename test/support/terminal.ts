/** A real terminal: tmux with a server of its own. What is shown, keys, and sizes. */
import { execFileSync, spawnSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { onTestFinished } from 'vitest'
import { clientEnvironment } from './client.ts'
import { eventually } from './eventually.ts'

/** Without tmux, tests of the terminal are skipped; their names say so. */
export const noTmux = spawnSync('tmux', ['-V']).error !== undefined
export const tmuxLabel = noTmux ? ' (skipped: there is no tmux)' : ''

export class Terminal {
  readonly #server = `tsg-${randomUUID().slice(0, 8)}`

  /** Runs a shell of `columns` by `rows`, until the test is over. */
  static open(columns: number, rows: number, env: Readonly<Record<string, string>>): Terminal {
    const terminal = new Terminal()
    terminal.#tmux(
      ['-f', '/dev/null', 'new-session', '-d', '-x', `${columns}`, '-y', `${rows}`, 'env PS1=prompt- sh'],
      clientEnvironment({ ...env, LC_ALL: 'C.UTF-8' }),
    )
    onTestFinished(() => void terminal.#tmux(['kill-server']))
    return terminal
  }

  /** What is on the screen. */
  screen(): string {
    return this.#tmux(['capture-pane', '-p'])
  }

  /** The screen with its colours. */
  coloured(): string {
    return this.#tmux(['capture-pane', '-p', '-e'])
  }

  /** Whether a program has the alternate screen. */
  alternate(): boolean {
    return this.#tmux(['display-message', '-p', '#{alternate_on}']).trim() === '1'
  }

  /** Keys by tmux's names, as `Down`, `q`, `C-c`. */
  press(...keys: readonly string[]): void {
    this.#tmux(['send-keys', ...keys])
  }

  type(line: string): void {
    this.#tmux(['send-keys', '-l', line])
    this.press('Enter')
  }

  resize(columns: number, rows: number): void {
    this.#tmux(['resize-window', '-x', `${columns}`, '-y', `${rows}`])
  }

  /** Resolves with the screen once it matches. */
  async shows(pattern: RegExp): Promise<string> {
    return await eventually(
      () => {
        const screen = this.screen()
        return pattern.test(screen) && screen
      },
      { within: 10_000, every: 40, what: () => `${pattern} on the screen:\n${this.screen()}` },
    )
  }

  #tmux(args: readonly string[], env?: NodeJS.ProcessEnv): string {
    return execFileSync('tmux', ['-L', this.#server, ...args], {
      encoding: 'utf8',
      ...(env === undefined ? {} : { env }),
    })
  }
}
