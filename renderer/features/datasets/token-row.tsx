import type { TokenPreview } from '../../../core/contract/domain.ts'
import { formatCount, plural } from '../../ui/format.ts'
import styles from './datasets.module.css'
import tokensStyles from './tokens.module.css'
import { tokenKind, tokenText } from './truncation.ts'

export function TokenRow({ row }: { row: TokenPreview['rows'][number] }) {
  const cut = row.length - row.tokens.length
  const unknown = row.tokens.filter((token) => tokenKind(token) === 'unknown').length
  return (
    <tr>
      <th scope="row">
        <div>{row.label}</div>
        <div className={styles.columnFacts}>
          row {formatCount(row.row)}
          <br />
          {plural(row.length, 'token')}
          {unknown > 0 && (
            <>
              <br />
              {formatCount(unknown)} unknown
            </>
          )}
        </div>
      </th>
      <td>
        {row.tokens.map((token, at) => (
          <span
            // biome-ignore lint/suspicious/noArrayIndexKey: a token is known by its place
            key={at}
            className={tokensStyles.token}
            data-kind={tokenKind(token)}
            title={tokenTitle(token, row.ids[at])}
          >
            {tokenText(token)}
          </span>
        ))}
        {cut > 0 && <span className={tokensStyles.cut}>✂ {plural(cut, 'more token')} cut</span>}
      </td>
    </tr>
  )
}

function tokenTitle(token: string, id: number | undefined): string {
  const meaning = tokenKind(token) === 'unknown' ? ': not in the vocabulary' : ''
  return `${token} (${id ?? '?'})${meaning}`
}
