/** Deadlines and limits of a worker's life that Gunicorn does not have. They stand under Worker Processes. */
import type { Setting } from '../setting.ts'
import { bytes, integer, seconds } from '../setting-kinds.ts'

export const settings = {
  boot_timeout: seconds({
    cli: ['--boot-timeout'],
    metavar: 'SECONDS',
    default: 60,
    summary: 'How long a worker may take to become ready; 0 = for ever.',
    details: `From the spawn until the application is loaded, \`post_worker_init\` has run and the worker listens. A worker
that takes longer is killed and counts as failed to boot: at the first start the master gives up with status 3, during a
reload the old workers serve on. Raise it for applications that warm caches or migrate a database while they load.`,
    gunicorn: false,
  }),
  abort_timeout: seconds({
    cli: ['--abort-timeout'],
    metavar: 'SECONDS',
    default: 1,
    summary: 'How long a timed-out worker has between ABRT and KILL.',
    details: `The time in which a core dump or a diagnostic report can be written. Too short for a large heap, and the
report is cut off; the worker's place stays empty all this while.`,
    gunicorn: false,
  }),
  lame_duck: seconds({
    cli: ['--lame-duck'],
    metavar: 'SECONDS',
    default: 0,
    summary: 'How long to accept after TERM before stopping.',
    details: `Readiness turns false at once, and the server serves on for this time, so that balancers stop sending before
it stops accepting. Without it, a container behind a balancer refuses connections at every rollout. Set it a little above
the interval at which the balancer looks (5 to 15 seconds in Kubernetes), and count it into the supervisor's grace period.
INT and QUIT do not wait: they end the server at once.`,
    gunicorn: false,
  }),
  reload_surge: integer({
    cli: ['--reload-surge'],
    metavar: 'INT',
    default: 0,
    summary: 'How many workers more than wanted may run during a reload; 0 = as many as there are workers.',
    details: `With the default new workers start as fast as \`max_booting\` lets them and the old ones retire as these report
ready: quick, and for a moment twice the memory. Set 1 or 2 where memory is short; the reload then goes step by step.`,
    gunicorn: false,
  }),
  max_booting: integer({
    cli: ['--max-booting'],
    metavar: 'INT',
    default: 0,
    summary:
      'How many workers may boot at a time while others serve; 0 = half as many as there are processors.',
    details: `A process that boots takes a whole processor, and takes it from those that serve: with all at once, requests
wait for tenths of a second during a reload. A boot that takes longer than a second does not keep the next one waiting.
Where no worker serves, at a start or when all have died, all boot at once. Affinity and a container's CPU limit count
when processors are counted.`,
    gunicorn: false,
  }),
  boot_nice: integer({
    cli: ['--boot-nice'],
    metavar: 'INT',
    default: 20,
    maximum: 20,
    summary:
      'How much lower the priority of a process is that boots while others serve (nice(2)); 20 = it gets what they leave over; 0 = not at all.',
    details: `When it is ready, or after a second, it has the usual priority again. 20 is SCHED_IDLE (sched(7)), and 19 where
the package koffi is not there. Linux only, and only where the usual priority can be had again: for root with CAP_SYS_NICE,
else with a limit that allows it (\`LimitNICE=+0\` in a systemd unit, \`ulimits: {nice: 20}\` in a compose file). Elsewhere
nothing is lowered.`,
    gunicorn: false,
  }),
  max_worker_memory: bytes({
    cli: ['--max-worker-memory'],
    metavar: 'BYTES',
    default: 0,
    summary: 'Resident memory after which a worker is replaced; 0 = no limit.',
    details: `A number of bytes, or text as \`512M\` or \`1.5G\` (powers of 1024). The successor is ready before the old worker
stops accepting, and at most one worker in ten is replaced at a time. Set it well above the worker's normal size, or
workers are replaced without end; set it below the container's limit divided by the workers, or the kernel is quicker.`,
    gunicorn: false,
  }),
  max_worker_lifetime: seconds({
    cli: ['--max-worker-lifetime'],
    metavar: 'SECONDS',
    default: 0,
    summary: 'Age after which a worker is replaced; 0 = never.',
    details:
      'For applications that only fresh processes keep healthy, whatever their traffic. Give a jitter with it.',
    gunicorn: false,
  }),
  max_worker_lifetime_jitter: seconds({
    cli: ['--max-worker-lifetime-jitter'],
    metavar: 'SECONDS',
    default: 0,
    summary: 'The most that is added at random to max_worker_lifetime.',
    details: 'Drawn anew for each worker, so that workers that started together are not replaced together.',
    gunicorn: false,
  }),
} as const satisfies Record<string, Setting>
