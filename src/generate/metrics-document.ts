/** Writes the reference of metrics, `docs/metrics.md`, from the catalogue. */
import { catalogue, prefix } from '../metrics/catalogue.ts'
import { durationBounds } from '../metrics/slot.ts'
import { statsdNames } from '../metrics/statsd-names.ts'
import { code, document, table } from './markdown.ts'

export const metricsDocument = (): string =>
  document([
    '# Metrics',
    `What is counted, and where it is told: \`/metrics\` of the control socket and of \`admin_bind\` (Prometheus's text, version
0.0.4), \`tsgunicornc metrics\`, and statsd (\`statsd_host\`).`,
    `Counters are kept in memory that all processes of the server share: they lose nothing when a worker is killed,
recycled or reloaded, and a new master of an upgrade (USR2) goes on with them. They begin anew with a new start.`,
    '## Prometheus',
    table(
      ['metric', 'kind', 'labels', 'meaning', 'statsd'],
      catalogue.map(({ name, kind, labels, help, statsd }) => [
        code(prefix + name),
        kind,
        labels.map(code).join(' '),
        help,
        statsd === undefined ? '' : code(statsd.name),
      ]),
    ),
    `Bounds of the histogram, in seconds: ${durationBounds.join(', ')}.`,
    '## statsd',
    `Gunicorn's names and types. \`statsd_prefix\` stands before each, \`dogstatsd_tags\` behind.`,
    table(
      ['metric', 'type', 'meaning'],
      Object.values(statsdNames).map(({ name, kind, help }) => [code(name), kind, help]),
    ),
  ])
