/** Who takes part in `bench:failure`, and with how many workers. Pure. */
import { isOurs } from './peer-names.ts'
import type { Contestant, Peer } from './peers.ts'

/** All with the first number of workers; tsgunicorn with each of the others, too, and under a name that says it. */
export const contestantsOf = (
  present: readonly Peer[],
  [workers, ...others]: readonly [number, ...number[]],
): readonly Contestant[] => [
  ...present.map((who) => ({ ...who, workers })),
  ...others.flatMap((count) =>
    present
      .filter(({ name }) => isOurs(name))
      .map((who) => ({ ...who, name: `${who.name} -w ${count}`, workers: count })),
  ),
]
