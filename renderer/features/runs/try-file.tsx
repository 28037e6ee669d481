import { useEffect, useState } from 'react'
import type { Run } from '../../../core/contract/domain.ts'
import { RowMedia } from '../../client/row-media.tsx'
import { DropZone } from '../../ui/drop-zone.tsx'
import { Picture } from '../../ui/media.tsx'
import type { ChosenFile } from './asking.ts'
import classes from './run-detail.module.css'

type Kind = 'image' | 'audio'

const words = {
  image: { title: 'Drop a picture here', hint: 'PNG or JPEG', button: 'Choose a picture', accept: '.png,.jpg,.jpeg' },
  audio: { title: 'Drop a clip here', hint: 'WAV', button: 'Choose a clip', accept: '.wav' },
} as const

/** Takes the picture or clip that a run is to be tried on. */
export function TryFile({ kind, onFile }: { kind: Kind; onFile: (file: File) => void }) {
  const { title, hint, button, accept } = words[kind]
  return (
    <DropZone
      title={title}
      hint={hint}
      button={button}
      accept={accept}
      onFiles={([file]) => {
        if (file) onFile(file)
      }}
    />
  )
}

const height = 160

/** The chosen picture or clip. */
export function TriedFile({ kind, file, run }: { kind: Kind; file: ChosenFile; run: Run }) {
  if (file instanceof File) return <OwnFile kind={kind} file={file} />
  return (
    <figure className={classes.tried} data-kind={kind}>
      <RowMedia kind={kind} dataset={run.dataset.id} row={file.row} label={file.text} height={height} />
      <figcaption>Row {file.row} of the dataset</figcaption>
    </figure>
  )
}

function OwnFile({ kind, file }: { kind: Kind; file: File }) {
  const [address, setAddress] = useState<string | null>(null)
  useEffect(() => {
    const made = URL.createObjectURL(file)
    setAddress(made)
    return () => URL.revokeObjectURL(made)
  }, [file])
  return (
    <figure className={classes.tried} data-kind={kind}>
      {kind === 'image' ? (
        <Picture address={address} label={file.name} height={height} />
      ) : (
        <audio controls aria-label={file.name} {...(address !== null && { src: address })} />
      )}
      <figcaption>{file.name}</figcaption>
    </figure>
  )
}
