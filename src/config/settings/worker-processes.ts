/** How many workers there are, what they run and how they serve. */
import type { Setting } from '../setting.ts'
import { choice, integer, list, optional, orWord, seconds, text, textKind } from '../setting-kinds.ts'
import { integerKind } from '../setting-numbers.ts'

export const title = 'Worker Processes'

export const settings = {
  workers: orWord(integerKind(), 'auto', {
    cli: ['-w', '--workers'],
    metavar: 'INT|auto',
    env: 'WEB_CONCURRENCY',
    default: 1,
    defaultText: '1, or $WEB_CONCURRENCY',
    summary: 'The number of worker processes.',
    details: `A JavaScript worker serves many requests at once on one core, so one worker for each core is the measure:
fewer leave cores idle, more cost memory. They buy room, too: with two for each core, the death or hang of one takes no
core out of use, and is hardly felt by the others' clients. A Python worker handles one request at a time, or as many as
it has \`threads\`: start with two for each core, and more where the application waits for others. \`auto\` counts the
cores this process may really use: the control group's quota and the CPU affinity, not the cores of the machine.

The signals TTIN and TTOU change the number while the server runs; a reload sets it back to this value. 0 is allowed: the
master listens and starts nothing until it is told to.`,
    gunicorn: { differs: '`auto` is ours.' },
    common: true,
  }),
  app_type: choice({
    words: ['auto', 'node', 'fetch', 'factory', 'script', 'wsgi'],
    cli: ['--app-type'],
    metavar: 'TYPE',
    default: 'auto',
    summary: 'What kind of application the module holds.',
    details: `\`node\`: a \`(request, response)\` function, or the app of a framework that is one. \`fetch\`: a function of
\`Request\` that gives a \`Response\`, or an object with such a \`fetch\`. \`factory\`: a function, called once, that gives one
of these. \`script\`: a program that calls \`listen()\` itself.

\`auto\` looks at what the module exports, and logs what it recognised. Say it yourself when it guesses wrong: a function of
no parameters may be a factory as well as a handler. \`wsgi\` says that the module is Python's: otherwise that is
seen from the file.`,
    gunicorn: false,
  }),
  node_options: list({
    cli: ['--node-option'],
    metavar: 'FLAG',
    default: [],
    summary: 'Flags of Node for the workers.',
    details: `For example \`--max-old-space-size=512\`, \`--enable-source-maps\`, \`--import=./instrument.js\`. The flag may be
repeated, and its value begins with dashes: write \`--node-option=--enable-source-maps\`. The master is started without
them. A flag that Node does not know makes every worker fail to boot.`,
    gunicorn: false,
  }),
  worker_class: text({
    cli: ['-k', '--worker-class'],
    metavar: 'STRING',
    default: 'sync',
    summary: 'The kind of Python workers: sync or gthread.',
    details: `\`sync\` handles one request at a time; with \`threads\` above 1 it means \`gthread\`, which handles as many at a
time as it has threads. Either way HTTP is spoken by fronts, so that slow clients and idle keep-alive connections hold no
worker: what gevent and eventlet are mostly used for. JavaScript applications have one kind of worker; see \`app_type\`.`,
    gunicorn: { differs: 'Other classes are refused, with words on what to use.' },
    common: true,
  }),
  threads: integer({
    cli: ['--threads'],
    metavar: 'INT',
    default: 1,
    minimum: 1,
    summary: 'Requests that a Python worker handles at a time.',
    details: `Each by a thread of its own; with 1 the application runs on the main thread. Threads are for applications that
wait (for databases, for other services): Python runs one of them at a time. \`timeout\` bounds each request.`,
    common: true,
  }),
  fronts: orWord(integerKind({ minimum: 1 }), 'auto', {
    cli: ['--fronts'],
    metavar: 'INT|auto',
    default: 'auto',
    summary: 'The number of processes that speak HTTP for Python workers.',
    details: `\`auto\` is one for every eight workers. A front feeds tens of thousands of requests a second; more are of use
where TLS or large bodies cost it a core. Each serves its share of the workers. JavaScript workers speak HTTP
themselves.`,
    gunicorn: false,
  }),
  python: optional(textKind, {
    cli: ['--python'],
    metavar: 'PATH',
    defaultText: '$VIRTUAL_ENV, .venv, venv, python3',
    summary: 'The Python interpreter of WSGI applications.',
    details: `A path, a name on PATH, or the folder of a virtual environment. Without it: the environment that is active
(\`VIRTUAL_ENV\`), else \`.venv\` or \`venv\` in the working directory, else \`python3\` on PATH. Python 3.9 and up. The log says at
the start which one is used.`,
    gunicorn: false,
  }),
  worker_connections: integer({
    cli: ['--worker-connections'],
    metavar: 'INT',
    default: 1000,
    summary: 'The most connections one worker holds at a time; 0 = any number.',
    details: `A worker that holds this many accepts no more until one ends; further clients wait in the queue of
\`backlog\`, where other workers can take them. Raise it for long-lived connections (server-sent events, WebSocket,
long polling), and raise the limit of open files with it. Too low, and idle keep-alive connections keep new clients out.`,
  }),
  max_requests: integer({
    cli: ['--max-requests'],
    metavar: 'INT',
    default: 0,
    summary: 'Requests after which a worker is replaced; 0 = never.',
    details: `A remedy for applications that leak memory. The successor is ready before the old worker stops accepting.
Give \`max_requests_jitter\` with it, or workers that started together are all replaced together. When the leak is what
matters, \`max_worker_memory\` states the wish directly. A Python worker counts the requests of all its threads.`,
    common: true,
  }),
  max_requests_jitter: integer({
    cli: ['--max-requests-jitter'],
    metavar: 'INT',
    default: 0,
    summary: 'The most that is added at random to max_requests.',
    details: 'Drawn anew for each worker, from 0 to this number. A tenth of `max_requests` is a good start.',
  }),
  timeout: seconds({
    cli: ['-t', '--timeout'],
    metavar: 'SECONDS',
    default: 30,
    summary: 'How long a worker may be silent, or a Python request may take; 0 = for ever.',
    details: `A JavaScript worker beats from its event loop. Silence means that the loop is blocked: an endless loop, a huge
synchronous computation, a synchronous call that waits. A slow request that awaits something is not silent, so this does
not bound a request's time.

The blocked worker's stack and its requests in hand are logged, \`worker_abort\` runs where it can, then the worker gets
ABRT, and KILL after \`abort_timeout\`; its other requests are lost. Raise it only for work that honestly blocks longer, and
better move that work off the loop. Far below a few seconds, pauses of the machine are taken for hangs.

In a Python worker it bounds each request, also with \`threads\`: from the call of the application to the end of its
answer, without the time in which it waits for its client. The client of a request that takes longer gets 504
(or its connection is cut, once the answer has begun), the stack of its thread is logged with method and path, and the
worker is replaced: at once when it has one thread, else after its other requests had \`graceful_timeout\`.`,
    gunicorn: {
      differs:
        'Fractions are accepted. With threads it bounds requests, not the silence of the whole worker.',
    },
    common: true,
  }),
  graceful_timeout: seconds({
    cli: ['--graceful-timeout'],
    metavar: 'SECONDS',
    default: 30,
    summary: 'How long a retiring worker may finish its requests.',
    details: `Counted from the moment the worker is told to stop (TERM, a reload, a replacement). What is still running
afterwards is cut off. Set it above your slowest honest request, and below what the supervisor above grants:
\`TimeoutStopSec\` of systemd, \`terminationGracePeriodSeconds\` of Kubernetes, \`stop_grace_period\` of Docker (10 seconds
by default, less than this default).

A JavaScript application's own listeners of SIGTERM are called when its requests are done. If they do not end the process
themselves, it is ended when it has nothing left to do, at the latest after five seconds.`,
    gunicorn: { differs: 'Fractions are accepted.' },
    common: true,
  }),
  keepalive: seconds({
    cli: ['--keep-alive'],
    metavar: 'SECONDS',
    default: 2,
    summary: 'How long an idle connection waits for its next request; 0 closes after each response.',
    details: `Behind a proxy or load balancer that reuses connections, set it above the proxy's own idle time (60 seconds
for nginx's upstreams and for the balancers of AWS): when the server closes first, a request can meet a
closing connection and the proxy answers 502. With clients connected directly, 1 to 5 seconds are right.`,
    gunicorn: { differs: 'Honoured by every worker. Fractions are accepted.' },
  }),
  asgi_loop: choice({
    words: ['auto', 'asyncio', 'uvloop'],
    cli: ['--asgi-loop'],
    metavar: 'STRING',
    default: 'auto',
    summary: 'The event loop of ASGI workers.',
    later: 'the ASGI bridge',
  }),
  asgi_lifespan: choice({
    words: ['auto', 'on', 'off'],
    cli: ['--asgi-lifespan'],
    metavar: 'STRING',
    default: 'auto',
    summary: 'Whether ASGI lifespan events are sent.',
    later: 'the ASGI bridge',
  }),
  asgi_disconnect_grace_period: integer({
    cli: ['--asgi-disconnect-grace-period'],
    metavar: 'INT',
    default: 3,
    summary: 'Seconds before the task of a disconnected ASGI client is cancelled.',
    later: 'the ASGI bridge',
  }),
  websocket_max_message_size: integer({
    cli: ['--websocket-max-message-size'],
    metavar: 'INT',
    default: 16_777_216,
    summary: 'The largest WebSocket message, in bytes, that an ASGI application is given.',
    later: 'the ASGI bridge',
  }),
  http_parser: choice({
    inert: true,
    words: ['auto', 'fast', 'python'],
    cli: ['--http-parser'],
    metavar: 'STRING',
    default: 'auto',
    summary: 'Which HTTP parser is used.',
    details: `Accepted for the sake of shared configurations. There is one parser of our own for fetch and WSGI applications,
and node's for node-style ones.`,
  }),
} as const satisfies Record<string, Setting>
