/** The molds of a master, one for each generation that preloads a Python application. */
import { messageOf } from '../errors.ts'
import type { BootMessage } from '../ipc/messages.ts'
import { bootOf, spawnOptions, stepBack } from './boots.ts'
import type { Child, ChildEvents } from './child.ts'
import { Mold, MoldDoor } from './mold.ts'
import type { Office } from './office.ts'
import type { Loaded } from './prepare.ts'

export class Molds {
  readonly #molds = new Map<number, Mold>()
  #door: MoldDoor | undefined

  /** A new mold in the generation's place. */
  open(generation: number, make: (door: MoldDoor) => Mold, door: () => MoldDoor): Mold {
    this.#door ??= door()
    const mold = make(this.#door)
    this.#molds.set(generation, mold)
    return mold
  }

  of(generation: number): Mold | undefined {
    return this.#molds.get(generation)
  }

  /** The generation gets no more workers. True when its mold was still loading the application: it is ended. */
  drop(generation: number): boolean {
    const isLoading = this.#molds.get(generation)?.retire() ?? false
    this.#molds.delete(generation)
    return isLoading
  }

  close(): void {
    for (const mold of this.#molds.values()) if (mold.retire()) mold.kill()
    this.#molds.clear()
    this.#door?.close()
  }
}

/** Loads the application in a mold. Rejects with a ServerError when it does not load. */
export function openMold(office: Office, loaded: Loaded, generation: number): Promise<void> {
  const { interpreter: python } = loaded
  if (!python) throw new Error('a mold is for Python applications')
  const bridge = office.bridge.open(loaded.identity)
  const options = {
    ...spawnOptions(office, loaded, 0),
    boot: bootOf(office, loaded, { role: 'worker', age: 0, generation, slot: 0 }),
    python: python.path,
  }
  const mold = office.molds.open(
    generation,
    (door) =>
      new Mold(options, door, {
        imported: ({ files, since }) => office.watch(files, since),
        garbled: (what) => office.log.warning(`The mold of generation ${generation}: ${what}`),
        ended: (words, expected) => {
          if (expected) office.log.debug(words)
          else
            office.log.warning(`${words}; its workers serve on, and the next one is forked from a new mold`)
        },
      }),
    () => new MoldDoor(bridge),
  )
  stepBack(office, generation, mold.pid)
  return mold.ready.finally(() => office.courtesy.comeForward(mold.pid))
}

/**
 * Forks a worker; a mold that died, or was ended by somebody, is made again first. Rejects when the application does not
 * load, or fork(2) fails.
 */
export async function forkWorker(
  office: Office,
  loaded: Loaded,
  boot: BootMessage,
  events: ChildEvents,
): Promise<Child> {
  const mold = await usableMold(office, loaded, boot.generation)
  try {
    return await mold.fork(boot, events)
  } catch (error) {
    // Ended in this very moment: another one is asked, once.
    if (!mold.usable) return await (await usableMold(office, loaded, boot.generation)).fork(boot, events)
    throw new Error(`the mold could not fork a worker: ${messageOf(error)}`, { cause: error })
  }
}

async function usableMold(office: Office, loaded: Loaded, generation: number): Promise<Mold> {
  if (!office.molds.of(generation)?.usable) {
    office.log.info('The mold is gone; the application is loaded in a new one', { generation })
    await openMold(office, loaded, generation)
  }
  const mold = office.molds.of(generation)
  if (!mold) throw new Error(`the mold of generation ${generation} was dropped`)
  return mold
}
