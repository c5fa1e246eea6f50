/**
 * The fields of one message, as they were sent: one latin1 text and offsets into it. Names and values are cut out
 * when asked for. Immutable, so that requests with the same bytes share one.
 */

/** Facts about the names of a block, gathered while it was scanned. */
export interface BlockFacts {
  /** Whether a name holds `_`, which CGI cannot tell from `-`. */
  readonly underscores: boolean
}

export interface HeaderBlock {
  /** Number of field lines. */
  readonly count: number
  readonly facts: BlockFacts
  /** Name and value of the field line at `index`, as sent; the value without the white space around it. */
  name(index: number): string
  value(index: number): string
  /** Index of the first field line of this name from `from` on, -1 when there is none. `lowerName` in small letters. */
  find(lowerName: string, from?: number): number
  /** All values of this name joined with `, ` (`; ` for cookie); undefined when there is none. */
  get(lowerName: string): string | undefined
  /** name, value, name, value ... as sent; made once. */
  raw(): readonly string[]
  /** The same without the fields whose names (as sent) are in `names`. */
  without(names: ReadonlySet<string>): HeaderBlock
}
