import type { TokenPreview } from '../../../core/contract/domain.ts'
import { formatCount, formatPercent } from '../../ui/format.ts'

/** Lengths worth trying: programs are made for multiples of 32. */
const usual = [32, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 2048, 4096]

/** The shortest usual length that holds 95 % of the rows whole, within what the model can take. */
export function suggestedLength({ lengths }: TokenPreview, maxPositions: number): number {
  const wanted = usual.find((length) => length >= lengths.p95) ?? maxPositions
  return Math.min(wanted, maxPositions)
}

/** What is cut at this length, and what to do about it. */
export function truncationSentence(preview: TokenPreview, maxPositions: number): string {
  const { scanned, truncated, maxLength, lengths } = preview
  if (scanned === 0) return 'There is no row to look at.'
  const rows = `${formatCount(scanned)} rows`
  const suggestion = suggestedLength(preview, maxPositions)
  if (truncated === 0) {
    const shorter =
      suggestion < maxLength && lengths.max <= suggestion
        ? ` ${formatCount(suggestion)} would do as well, and train faster.`
        : ''
    return `Nothing is cut: the longest of ${rows} has ${formatCount(lengths.max)} tokens.${shorter}`
  }
  const share = truncated / scanned
  const cut = `${formatPercent(share)} of ${rows} are longer than ${formatCount(maxLength)} tokens and are cut.`
  if (share <= 0.05) return `${cut} That is little; the length suits this data.`
  if (suggestion <= maxLength) return `${cut} The model takes no more than ${formatCount(maxPositions)}.`
  const holds = lengths.p95 <= suggestion ? 'would keep 95 % of them whole' : "is the model's limit"
  return `${cut} ${formatCount(suggestion)} ${holds}; time and memory grow with it.`
}

export type TokenKind = 'special' | 'unknown' | 'continued' | 'plain'

/** How a token is drawn: the model's own marks, what its vocabulary does not have, the inside of a word, the rest. */
export function tokenKind(token: string): TokenKind {
  if (token === '[UNK]' || token === '<unk>') return 'unknown'
  if (/^(\[(CLS|SEP|PAD|MASK)\]|<\/?(s|pad|mask)>)$/.test(token)) return 'special'
  return token.startsWith('##') ? 'continued' : 'plain'
}

/** The piece of text that a token stands for. */
export function tokenText(token: string): string {
  return token.startsWith('##') ? token.slice(2) : token
}
