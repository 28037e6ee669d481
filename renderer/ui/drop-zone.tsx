import { Button, Text } from '@mantine/core'
import { Upload } from 'lucide-react'
import { type DragEvent, type ReactNode, useRef, useState } from 'react'
import classes from './drop-zone.module.css'

export interface DropZoneProps {
  /** What to drop: "Drop a CSV or JSONL file here". */
  title: string
  hint?: ReactNode
  /** The button's word. */
  button?: string
  /** As `<input accept>`: ".csv,.jsonl". */
  accept?: string
  /** The chooser takes a folder, with all files in it. */
  folder?: boolean
  disabled?: boolean
  onFiles: (files: File[]) => void
  /** Where the desktop shell's own dialog is to be used instead of the browser's. */
  onChoose?: () => void
}

/** Takes a file by drop, by click and by keyboard. */
export function DropZone(props: DropZoneProps) {
  const { title, hint, button = 'Choose a file', accept, folder, disabled, onFiles, onChoose } = props
  const input = useRef<HTMLInputElement>(null)
  const [over, setOver] = useState(false)
  const take = (list: FileList | null) => {
    const files = [...(list ?? [])]
    if (files.length > 0 && !disabled) onFiles(files)
  }
  const drop = (event: DragEvent) => {
    event.preventDefault()
    setOver(false)
    take(event.dataTransfer.files)
  }
  return (
    <section
      className={classes.zone}
      data-over={over || undefined}
      aria-label={title}
      onDragOver={(event) => {
        event.preventDefault()
        setOver(!disabled)
      }}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
    >
      <Upload size={22} strokeWidth={1.5} color="var(--attune-faint)" aria-hidden />
      <Text fz={14} fw={500}>
        {title}
      </Text>
      {hint !== undefined && (
        <Text fz={12} c="dimmed">
          {hint}
        </Text>
      )}
      <Button
        variant="default"
        mt={6}
        disabled={disabled ?? false}
        onClick={() => (onChoose ? onChoose() : input.current?.click())}
      >
        {button}
      </Button>
      <input
        ref={input}
        type="file"
        hidden
        aria-label={button}
        accept={accept}
        {...(folder && { webkitdirectory: '' })}
        onChange={(event) => {
          take(event.currentTarget.files)
          event.currentTarget.value = ''
        }}
      />
    </section>
  )
}
