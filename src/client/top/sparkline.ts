/** Numbers as a line of bars, the newest at the right. Pure. */

const bars = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'] as const

/** At most `width` letters; the highest bar is the largest of them. */
export const sparkline = (values: readonly number[], width: number): string => {
  const shown = width < 1 ? [] : values.slice(-width)
  const most = Math.max(0, ...shown)
  return shown
    .map(
      (value) =>
        bars[most === 0 ? 0 : Math.min(bars.length - 1, Math.round((value / most) * (bars.length - 1)))],
    )
    .join('')
}
