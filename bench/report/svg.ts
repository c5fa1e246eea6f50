/** Pictures of figures as SVG text: readable on light and on dark pages, and without any script. Pure. */

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')

/** Two decimals at most: the text of a picture must not depend on how a sum was rounded. */
export const at = (value: number): string => String(Math.round(value * 100) / 100)

const style = `
text { font: 12px system-ui, sans-serif; fill: #24292f }
.title { font-size: 14px; font-weight: 600 }
.faint { fill: #57606a }
.line { stroke: #8c959f; stroke-width: 1 }
.grid { stroke: #d0d7de; stroke-width: 1 }
.range { stroke: #24292f; stroke-width: 1.5 }
.ours { fill: #0969da }
.theirs { fill: #8c959f }
.failed { fill: #cf222e }
text.failed { fill: #cf222e; font-weight: 600 }
.back { fill: #ffffff }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 }
.faint { fill: #8d96a0 }
.line { stroke: #6e7681 }
.grid { stroke: #30363d }
.range { stroke: #e6edf3 }
.ours { fill: #4493f8 }
.theirs { fill: #6e7681 }
.failed { fill: #f85149 }
text.failed { fill: #f85149 }
.back { fill: #0d1117 }
}
`

export interface Picture {
  readonly width: number
  readonly height: number
  /** What it shows, for readers who do not see it, too. */
  readonly title: string
  readonly body: readonly string[]
}

export const picture = ({ width, height, title, body }: Picture): string =>
  [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${at(width)} ${at(height)}" width="${at(width)}" height="${at(height)}" role="img">`,
    `<title>${escaped(title)}</title>`,
    `<style>${style}</style>`,
    `<rect class="back" width="${at(width)}" height="${at(height)}"/>`,
    ...body,
    '</svg>',
    '',
  ].join('\n')

type Anchor = 'start' | 'middle' | 'end'

export const text = (
  x: number,
  y: number,
  words: string,
  { style: name = '', anchor = 'start' as Anchor } = {},
): string => {
  const kind = name === '' ? '' : ` class="${name}"`
  return `<text x="${at(x)}" y="${at(y)}"${kind}${anchor === 'start' ? '' : ` text-anchor="${anchor}"`}>${escaped(words)}</text>`
}

export const box = (x: number, y: number, width: number, height: number, name: string): string =>
  `<rect class="${name}" x="${at(x)}" y="${at(y)}" width="${at(width)}" height="${at(height)}"/>`

export const line = (x1: number, y1: number, x2: number, y2: number, name: string): string =>
  `<line class="${name}" x1="${at(x1)}" y1="${at(y1)}" x2="${at(x2)}" y2="${at(y2)}"/>`

/** Many boxes as one shape: x, y of the top left corner, width and height each. */
export const boxes = (all: readonly (readonly [number, number, number, number])[], name: string): string =>
  all.length === 0
    ? ''
    : `<path class="${name}" d="${all.map(([x, y, width, height]) => `M${at(x)} ${at(y)}v${at(height)}h${at(width)}v${at(-height)}z`).join('')}"/>`
