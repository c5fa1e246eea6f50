/** `NAME=value`; the value may hold further equals signs. */
export function splitPair(pair: string): [string, string] {
  const cut = pair.indexOf('=')
  return cut < 0 ? [pair, ''] : [pair.slice(0, cut), pair.slice(cut + 1)]
}
