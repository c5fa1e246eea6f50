/**
 * What an agent check is answered (HAProxy's `agent-check`): one line of words. Pure.
 *
 * HAProxy keeps what it was told until it is told otherwise: `ready` undoes `drain`, `up` undoes `down`. So who serves
 * says both, each time.
 */

export interface AgentFacts {
  /** An end was asked for: requests in hand are finished, and in the time of `lame_duck` new ones are taken. */
  readonly ending: boolean
  readonly alive: boolean
  readonly ready: boolean
  /** What is wrong, or that nothing is; one line. */
  readonly why: string
  /** How much of what the workers can do they do: 0 to 1, smoothed. */
  readonly load: number
}

/** Per cent of the weight that the balancer's configuration gives this server. */
const lowest = 20
const step = 5

/**
 * 100 for a server that is idle, falling in a straight line to 20 for one that is full. Not lower: the less a full
 * server is given beside an idle one, the more the two swing, each full by turns. In steps, so that noise is not told.
 */
export const weightOf = (load: number): number => {
  const exact = 100 - (100 - lowest) * Math.min(1, Math.max(0, load))
  return Math.round(exact / step) * step
}

export const agentLine = ({ ending, alive, ready, why, load }: AgentFacts): string => {
  // Never `down`: a balancer may be told to cut the connections of who is down, and here requests are being finished.
  if (ending) return 'drain'
  return alive && ready ? `up ready ${weightOf(load)}%` : `down #${why}`
}
