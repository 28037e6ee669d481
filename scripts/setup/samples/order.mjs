import { createHash } from 'node:crypto'

const digest = (text) => createHash('sha256').update(text).digest('hex')

/** In an order that the items themselves give: mixed, and the same everywhere. */
export function mixed(items, keyOf) {
  return items
    .map((item) => ({ item, key: digest(keyOf(item)) }))
    .sort((a, b) => (a.key < b.key ? -1 : 1))
    .map(({ item }) => item)
}

export const jsonLines = (rows) => rows.map((row) => `${JSON.stringify(row)}\n`).join('')
