/** A control socket in a folder of its own, in front of a master that there is not. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { type Control, type ControlOptions, createControl } from '../../../src/control/control.ts'
import { FakeAdministration } from '../../support/fake-administration.ts'

export const logTo = (lines: string[]) => ({
  info: (message: string) => void lines.push(`info ${message}`),
  warning: (message: string) => void lines.push(`warning ${message}`),
  debug: (message: string) => void lines.push(`debug ${message}`),
  exception: (message: string, thrown: unknown) => void lines.push(`error ${message}: ${String(thrown)}`),
})

export const temporaryFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'tsg-control-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

export const settings = {
  control_socket: 'c.ctl' as string | undefined,
  control_socket_mode: 0o600,
  control_socket_read_mode: 0,
  control_socket_disable: false,
  pidfile: undefined,
  bind: ['127.0.0.1:8000'],
}

export interface Scene {
  readonly folder: string
  readonly path: string
  readonly log: string[]
  readonly administration: FakeAdministration
  readonly control: Control
  /** Moves the clock, milliseconds. */
  readonly pass: (milliseconds: number) => void
}

/** Opens it, unless `open` is false. */
export const scene = async ({
  config = {},
  open = true,
  folder = temporaryFolder(),
  ...options
}: Partial<Omit<ControlOptions, 'config'>> & {
  readonly config?: Partial<typeof settings>
  readonly open?: boolean
  readonly folder?: string
} = {}): Promise<Scene> => {
  const log: string[] = []
  const administration = new FakeAdministration()
  let clock = 0
  const control = createControl({
    administration,
    log: logTo(log),
    peer: () => undefined,
    now: () => clock,
    config: { ...settings, ...config },
    challenger: false,
    directory: folder,
    runtimeFolder: undefined,
    temporaryFolder: folder,
    ...options,
  })
  onTestFinished(() => control.close())
  if (open) await control.open()
  const pass = (milliseconds: number) => {
    clock += milliseconds
  }
  return { folder, path: join(folder, 'c.ctl'), log, administration, control, pass }
}
