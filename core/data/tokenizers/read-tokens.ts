/**
 * Tokens as a person reads them: pieces of words joined (BERT's ##, the space that others put into a token), special
 * tokens as they are.
 */
export function readTokens(tokens: readonly string[]): string {
  const spaced = tokens.some((token) => token.startsWith('Ġ') || token.startsWith('▁'))
  return tokens
    .map((token) => {
      if (token.startsWith('##')) return token.slice(2)
      if (spaced) return token.replaceAll(/[Ġ▁]/g, ' ')
      return ` ${token}`
    })
    .join('')
    .trim()
}
