import { Clip, Picture } from '../ui/media.tsx'
import { useMedia } from './media.ts'

export interface RowMediaProps {
  readonly kind: 'image' | 'audio'
  readonly dataset: string
  readonly row: number
  readonly label: string
  /** Of a picture, in pixels. */
  readonly height?: number
}

/** A row's picture, or its clip with a picture of its sound. */
export function RowMedia({ kind, height = 64, ...of }: RowMediaProps) {
  return kind === 'image' ? <RowPicture {...of} height={height} /> : <RowClip {...of} />
}

type Of = Omit<RowMediaProps, 'kind' | 'height'>

function RowPicture({ dataset, row, label, height }: Of & { readonly height: number }) {
  return <Picture address={useMedia(dataset, row, 'thumbnail')} label={label} height={height} />
}

function RowClip({ dataset, row, label }: Of) {
  return <Clip address={useMedia(dataset, row, 'file')} mel={useMedia(dataset, row, 'mel')} label={label} />
}

/** For a line of a list: small, and only seen. */
export function RowGlance({ kind, dataset, row, label }: RowMediaProps) {
  const address = useMedia(dataset, row, kind === 'image' ? 'thumbnail' : 'mel')
  return <Picture address={address} label={label} height={26} width={kind === 'image' ? 26 : 44} />
}
