/** What the servers of `bench:failure` and `bench:boot` are called, and what a reader has to know of each. A table. */

export const peerNames = {
  node: 'tsgunicorn, node',
  cluster: 'node:cluster',
  pm2: 'pm2',
  wsgi: 'tsgunicorn, WSGI',
  sync: 'Gunicorn sync',
  gthread: 'Gunicorn gthread',
  uwsgi: 'uWSGI',
} as const

/** By the name of a server, here and in what else is measured. */
export const isOurs = (name: string): boolean => name.startsWith('tsgunicorn')

export const peerNotes: readonly string[] = [
  'node:cluster: a rolling restart of the kind that users write ([cluster.mjs](../../bench/failure/cluster.mjs)).',
  'pm2: cluster mode under `pm2-runtime`; reload is `pm2 reload`, resize is `pm2 scale`; the application leaves on ' +
    'SIGINT, as its manual asks for ([pm2.mjs](../../bench/failure/pm2.mjs)).',
  'Gunicorn and tsgunicorn: reload is `HUP`; upgrade is `USR2` and, a second after the new workers are there, `TERM` ' +
    'to the old master; resize is `TTIN` and `TTOU`. A worker of gthread has four threads.',
  'uWSGI: `--http --http-keepalive --lazy-apps`; reload is its chain reload; upgrade is `HUP`, which executes the ' +
    'program again; resize is `+` and `-` of the master FIFO in cheaper mode; `timeout` is `--harakiri`.',
]
