/**
 * Header shapes: what the requests that differ in their values alone have in common. A trie over the names as they are
 * sent gives a shape its number, so that a worker is told the keys once a channel. Pure; knows no request.
 *
 * Clients choose names. What is kept is bounded, and when it is full all of it is forgotten: numbers are then used
 * again, from where they were, and a channel that knows a number by another shape is told of the new one.
 */

/** Environ values that are the same for all requests of a shape: key, value, key, value ... */
export type Constants = readonly string[]

export interface Shape {
  /** 1 to `numbers`. */
  readonly number: number
  /** The text of its SHAPE frame. */
  readonly text: string
}

/** Keys of every request, before those of its headers: README.md. */
const always = [
  'REQUEST_METHOD',
  'RAW_URI',
  'PATH_INFO',
  'QUERY_STRING',
  'REMOTE_ADDR',
  'REMOTE_PORT',
] as const

/** A place in the trie: the names up to here, in this order. */
export class ShapeNode {
  readonly key: string
  /** Which of the values behind the usual ones is this name's: that of an earlier one with the same key. */
  readonly slot: number
  /** Whether an earlier name has the same key. */
  readonly again: boolean
  /** Values up to here. */
  readonly size: number
  readonly parent: ShapeNode | undefined
  readonly constants: Constants
  readonly children = new Map<string, ShapeNode>()
  shape: Shape | undefined = undefined

  constructor(constants: Constants, parent?: ShapeNode, key = '') {
    this.constants = constants
    this.parent = parent
    this.key = key
    const before = parent?.slotOf(key) ?? -1
    this.again = before !== -1
    this.slot = this.again ? before : (parent?.size ?? 0)
    this.size = parent === undefined ? 0 : this.again ? parent.size : parent.size + 1
  }

  /** -1 when no name up to here has this key. */
  slotOf(key: string): number {
    for (let node: ShapeNode | undefined = this; node?.parent; node = node.parent)
      if (node.key === key) return node.slot
    return -1
  }

  keys(): string[] {
    const keys: string[] = []
    for (let node: ShapeNode | undefined = this; node?.parent; node = node.parent) keys[node.slot] = node.key
    return keys
  }
}

export interface ShapeBounds {
  /** Places in the trie. */
  readonly nodes: number
  /** Shapes known at a time. Twice as many numbers are used, so that one in use is not given away. */
  readonly shapes: number
}

export class Shapes {
  readonly #bounds: ShapeBounds
  readonly #roots = new Map<string, ShapeNode>()
  #nodes = 0
  #known = 0
  #last = 0

  constructor(bounds: ShapeBounds = { nodes: 20_000, shapes: 2048 }) {
    this.#bounds = bounds
  }

  /** The place before any name; `id` stands for the constants, which are asked for once. */
  root(id: string, constants: () => Constants): ShapeNode {
    const known = this.#roots.get(id)
    if (known !== undefined) return known
    this.#forgetWhenFull()
    this.#nodes += 1
    const node = new ShapeNode(constants())
    this.#roots.set(id, node)
    return node
  }

  /** The place behind `node` for a name as sent, whose key in the environ is `keyOf(name)`. */
  next(node: ShapeNode, name: string, keyOf: (name: string) => string): ShapeNode {
    const known = node.children.get(name)
    if (known !== undefined) return known
    const child = new ShapeNode(node.constants, node, keyOf(name))
    // Beyond the bound the place is not kept, nor will be those behind it: the whole is forgotten at the next request.
    if (this.#nodes < this.#bounds.nodes) {
      this.#nodes += 1
      node.children.set(name, child)
    }
    return child
  }

  /** The shape of the names up to here. */
  shapeAt(node: ShapeNode): Shape {
    node.shape ??= this.#make(node)
    return node.shape
  }

  #make(node: ShapeNode): Shape {
    this.#known += 1
    this.#last = (this.#last % (2 * this.#bounds.shapes)) + 1
    const { constants } = node
    const text = [constants.length / 2, ...constants, ...always, ...node.keys()].join('\0')
    const shape = { number: this.#last, text }
    if (this.#known >= this.#bounds.shapes || this.#nodes >= this.#bounds.nodes) this.#forget()
    return shape
  }

  #forgetWhenFull(): void {
    if (this.#nodes >= this.#bounds.nodes) this.#forget()
  }

  #forget(): void {
    this.#roots.clear()
    this.#nodes = 0
    this.#known = 0
  }
}
