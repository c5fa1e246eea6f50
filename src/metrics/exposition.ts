/**
 * Prometheus's text format, version 0.0.4 (prometheus.io/docs/instrumenting/exposition_formats). A writer of our own:
 * prom-client cannot be told of histograms and counters that other processes counted. It knows no metric by name.
 */
import { catalogue, type Metric, type MetricsInput, prefix, type Sample } from './catalogue.ts'

/** All of the catalogue, a metric's samples together; those without a sample are left out. Ends with a line feed. */
export const exposition = (input: MetricsInput, metrics: readonly Metric[] = catalogue): string =>
  metrics.map((metric) => family(metric, metric.read(input))).join('')

const family = ({ name, kind, help }: Metric, samples: readonly Sample[]): string => {
  if (samples.length === 0) return ''
  const full = prefix + name
  const lines = samples.map(
    ({ suffix = '', labels, value }) => `${full}${suffix}${labelText(labels)} ${number(value)}\n`,
  )
  return `# HELP ${full} ${escapeHelp(help)}\n# TYPE ${full} ${kind}\n${lines.join('')}`
}

const labelText = (labels: Sample['labels']): string => {
  const pairs = Object.entries(labels ?? {})
  if (pairs.length === 0) return ''
  return `{${pairs.map(([name, value]) => `${name}="${escapeLabel(value)}"`).join(',')}}`
}

const escapeHelp = (text: string): string => text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')
const escapeLabel = (text: string): string => escapeHelp(text).replaceAll('"', '\\"')

const number = (value: number): string => {
  if (Number.isFinite(value)) return String(value)
  if (Number.isNaN(value)) return 'NaN'
  return value > 0 ? '+Inf' : '-Inf'
}
