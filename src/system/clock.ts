/**
 * The one monotonic clock: milliseconds since the machine started, the same in every process of the machine
 * (CLOCK_MONOTONIC of clock_gettime(2)), so that a worker's beat can be compared with the master's now.
 */
export const monotonicNow = (): number => Number(process.hrtime.bigint() / 1000n) / 1000
