/**
 * Header shapes: what the requests that differ in their values alone have in common. A trie over the names as they are
 * sent finds the shape of a request; each channel numbers the shapes that it told its worker of. Pure; knows no request.
 *
 * Clients choose names, so that what is kept is bounded: when it is full it is all forgotten, and begun anew.
 */

/** Environ values that are the same for all requests of a shape: key, value, key, value ... */
export type Constants = readonly string[]

export interface Shape {
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
  /** Which of the values behind those of every request is this name's: that of an earlier one with the same key. */
  readonly slot: number
  /** Whether an earlier name has the same key. */
  readonly again: boolean
  /** Values up to here. */
  readonly size: number
  readonly constants: Constants
  readonly children = new Map<string, ShapeNode>()
  shape: Shape | undefined = undefined
  readonly #parent: ShapeNode | undefined

  constructor(constants: Constants, parent?: ShapeNode, key = '') {
    const before = parent?.slotOf(key) ?? -1
    const size = parent?.size ?? 0
    this.constants = constants
    this.#parent = parent
    this.key = key
    this.again = before !== -1
    this.slot = this.again ? before : size
    this.size = parent === undefined || this.again ? size : size + 1
  }

  /** -1 when no name up to here has this key. */
  slotOf(key: string): number {
    for (const node of this.#upwards()) if (node.key === key) return node.slot
    return -1
  }

  /** In the order of their slots. */
  keys(): string[] {
    const keys: string[] = new Array(this.size).fill('')
    for (const node of this.#upwards()) keys[node.slot] = node.key
    return keys
  }

  /** From here to the first name. */
  *#upwards(): Generator<ShapeNode> {
    let node: ShapeNode = this
    for (let parent = node.#parent; parent !== undefined; parent = node.#parent) {
      yield node
      node = parent
    }
  }
}

export class Shapes {
  readonly #most: number
  readonly #roots = new Map<string, ShapeNode>()
  #nodes = 0

  /** Keeps at most so many places in the trie. */
  constructor(most = 20_000) {
    this.#most = most
  }

  /** The place before any name; `id` stands for the constants, which are asked for once. */
  root(id: string, constants: () => Constants): ShapeNode {
    if (this.#nodes >= this.#most) this.#forget()
    const known = this.#roots.get(id)
    if (known !== undefined) return known
    const node = new ShapeNode(constants())
    this.#roots.set(id, node)
    this.#nodes += 1
    return node
  }

  /** The place behind `node` for a name as sent, whose key in the environ is `keyOf(name)`. */
  next(node: ShapeNode, name: string, keyOf: (name: string) => string): ShapeNode {
    const known = node.children.get(name)
    if (known !== undefined) return known
    const child = new ShapeNode(node.constants, node, keyOf(name))
    // When full, it is this request's alone, and the next request finds the trie empty.
    if (this.#nodes < this.#most) {
      node.children.set(name, child)
      this.#nodes += 1
    }
    return child
  }

  /** The shape of the names up to here. */
  shapeAt(node: ShapeNode): Shape {
    node.shape ??= {
      text: [node.constants.length / 2, ...node.constants, ...always, ...node.keys()].join('\0'),
    }
    return node.shape
  }

  #forget(): void {
    this.#roots.clear()
    this.#nodes = 0
  }
}

/** Shapes that a channel knows at a time. */
const mostNumbered = 512

/**
 * The numbers by which one channel's worker knows shapes: 1 to 1024. A number is not given to another shape before
 * 512 others were, so that no request that is still in the channel's window has it.
 */
export class ShapeNumbers {
  readonly #numbers = new Map<Shape, number>()
  #last = 0
  #usual: Shape | undefined
  #usualNumber = 0

  /** The shape's number; `tell` is called before when the worker does not know it. */
  of(shape: Shape, tell: (number: number, shape: Shape) => void): number {
    if (shape === this.#usual) return this.#usualNumber
    const number = this.#numbers.get(shape) ?? this.#give(shape, tell)
    this.#usual = shape
    this.#usualNumber = number
    return number
  }

  #give(shape: Shape, tell: (number: number, shape: Shape) => void): number {
    if (this.#numbers.size === mostNumbered) this.#numbers.clear()
    this.#last = (this.#last % (2 * mostNumbered)) + 1
    this.#numbers.set(shape, this.#last)
    tell(this.#last, shape)
    return this.#last
  }
}
