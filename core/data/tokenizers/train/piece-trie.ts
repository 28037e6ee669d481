/** More than any symbol of a sequence. */
const symbolBase = 2 ** 21

/** Sequences of small numbers, each a path of nodes from the root, 0: an open hash table of (node, symbol) → node. */
export class GrowingTrie {
  size = 1
  /** By node: of the sequence that ends there, how long it is, and its last symbol. */
  depths = new Uint16Array(1024)
  symbols = new Int32Array(1024)
  /** By node, for whoever counts. */
  counts = new Float64Array(1024)
  private parents = new Int32Array(1024)
  private keys = new Float64Array(4096).fill(-1)
  private nodes = new Int32Array(4096)

  /** The node below `node` for a symbol; -1 for none. */
  step(node: number, symbol: number): number {
    const place = this.place(node * symbolBase + symbol)
    return this.keys[place] === -1 ? -1 : (this.nodes[place] as number)
  }

  /** The same, made where it is not there. */
  add(node: number, symbol: number): number {
    const key = node * symbolBase + symbol
    const place = this.place(key)
    if (this.keys[place] !== -1) return this.nodes[place] as number
    const made = this.size++
    this.keys[place] = key
    this.nodes[place] = made
    if (made === this.depths.length) this.makeRoom()
    this.depths[made] = (this.depths[node] as number) + 1
    this.symbols[made] = symbol
    this.parents[made] = node
    if (2 * this.size > this.keys.length) this.spread()
    return made
  }

  /** The sequence that ends at a node. */
  read(node: number): Int32Array {
    const sequence = new Int32Array(this.depths[node] as number)
    for (let at = node, i = sequence.length - 1; i >= 0; i--) {
      sequence[i] = this.symbols[at] as number
      at = this.parents[at] as number
    }
    return sequence
  }

  private makeRoom(): void {
    const grown = <A extends Uint16Array | Int32Array | Float64Array>(to: A, from: A) => {
      to.set(from)
      return to
    }
    const length = 2 * this.depths.length
    this.depths = grown(new Uint16Array(length), this.depths)
    this.symbols = grown(new Int32Array(length), this.symbols)
    this.counts = grown(new Float64Array(length), this.counts)
    this.parents = grown(new Int32Array(length), this.parents)
  }

  /** Every entry into a table twice as large. */
  private spread(): void {
    const { keys, nodes } = this
    this.keys = new Float64Array(2 * keys.length).fill(-1)
    this.nodes = new Int32Array(2 * keys.length)
    for (const [i, key] of keys.entries()) {
      if (key === -1) continue
      const place = this.place(key)
      this.keys[place] = key
      this.nodes[place] = nodes[i] as number
    }
  }

  private place(key: number): number {
    const { keys } = this
    const mask = keys.length - 1
    const node = Math.floor(key / symbolBase)
    const mixed = Math.imul(node, 0x9e3779b1) ^ Math.imul(key - node * symbolBase + 1, 0x85ebca6b)
    let place = (mixed ^ (mixed >>> 15)) & mask
    while (keys[place] !== key && keys[place] !== -1) place = (place + 1) & mask
    return place
  }
}

/** Pieces, found by what they begin with. */
export class PieceTrie {
  /** The piece that ends at each node; -1 for none. */
  readonly pieceAt: Int32Array
  private readonly trie = new GrowingTrie()

  constructor(pieces: readonly Int32Array[]) {
    const ends = pieces.map((piece) => piece.reduce((node, symbol) => this.trie.add(node, symbol), 0))
    this.pieceAt = new Int32Array(this.trie.size).fill(-1)
    ends.forEach((node, piece) => {
      this.pieceAt[node] = piece
    })
  }

  /** The node below `node` (0 is the root) for a symbol; -1 for none. */
  step(node: number, symbol: number): number {
    return this.trie.step(node, symbol)
  }
}
