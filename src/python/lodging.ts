/**
 * Where the configurations of one master live: in one side process, as in Gunicorn they do in the master. So what a hook
 * has started (a thread that serves metrics) and what hooks keep on `server` outlive a reload.
 */
import { Side } from './side.ts'

/** What a side process is started with. One that is like it serves. */
export interface Place {
  /** The interpreter, absolute. */
  readonly python: string
  /** The working directory, absolute. */
  readonly directory: string
  readonly env: Readonly<Record<string, string | undefined>>
}

type Log = (level: string, message: string) => void

/** A side process, and who needs it. */
export class Home {
  readonly side: Side
  readonly #key: string
  readonly #configs = new Set<number>()
  /** Of the hook that runs, or ran last. Outside of hooks nobody has a log: what is being loaded may be refused. */
  log: Log = toStandardError

  constructor(place: Place) {
    this.#key = keyOf(place)
    this.side = new Side({ ...place, log: (level, message) => this.log(level, message) })
  }

  /** Whether a configuration of this place may enter. */
  fits(place: Place): boolean {
    return this.side.alive && this.#key === keyOf(place)
  }

  enter(config: number): void {
    this.#configs.add(config)
  }

  holds(config: number): boolean {
    return this.side.alive && this.#configs.has(config)
  }

  /** The last one ends the process. Resolves when what the configuration printed is through, at the latest after 0.5 s. */
  async leave(config: number): Promise<void> {
    if (!this.#configs.delete(config)) return
    if (this.#configs.size > 0) {
      await this.side.ask({ do: 'drop', config }, 0).catch(gone)
      return
    }
    this.side.close()
    // The timer is what keeps us alive meanwhile: the process does not.
    let timer: NodeJS.Timeout | undefined
    const patience = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, lastWordsMs)
    })
    await Promise.race([this.side.gone, patience])
    clearTimeout(timer)
  }
}

/** An interpreter ends in a few hundredths of a second. */
const lastWordsMs = 500

const keyOf = ({ python, directory }: Place): string => JSON.stringify([python, directory])

/** Who is told that a process has ended has asked it something; this was only good-bye. */
const gone = (): void => undefined

const toStandardError: Log = (level, message) => {
  process.stderr.write(`gunicorn.conf.py: ${level}: ${message}\n`)
}

/** One for each program that loads configurations: the next load finds the process of the one before. */
export class Lodging {
  #home: Home | undefined
  #last = 0

  /** For a configuration to be known by. */
  nextNumber(): number {
    this.#last += 1
    return this.#last
  }

  /** A living process for this configuration, which has nothing loaded of it. */
  enter(place: Place, config: number): Home {
    if (!this.#home?.fits(place)) this.#home = new Home(place)
    this.#home.enter(config)
    return this.#home
  }
}
