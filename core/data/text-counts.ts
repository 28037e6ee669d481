import { createHash } from 'node:crypto'

/** Counts rows whose text occurs more than once, keeping 22 characters of its hash instead of the text. */
export class TextCounts {
  private readonly seen = new Map<string, number>()
  duplicates = 0

  add(text: string): void {
    const key = createHash('sha256').update(JSON.stringify(text)).digest('base64').slice(0, 22)
    const before = this.seen.get(key) ?? 0
    this.seen.set(key, before + 1)
    // The second occurrence makes the first one a duplicate too.
    this.duplicates += before === 0 ? 0 : before === 1 ? 2 : 1
  }
}
