import { ActionIcon, TextInput } from '@mantine/core'
import { Pencil } from 'lucide-react'
import { useState } from 'react'

const longest = 200

/** A name that is changed where it stands: Enter or leaving keeps it, Escape does not. */
export function RunTitle({ name, onRename }: { name: string; onRename: (name: string) => void }) {
  const [draft, setDraft] = useState<string | null>(null)
  if (draft === null) {
    return (
      <>
        {name}
        <ActionIcon ml={4} size={22} aria-label="Rename" onClick={() => setDraft(name)}>
          <Pencil size={13} />
        </ActionIcon>
      </>
    )
  }
  const keep = () => {
    const next = draft.trim()
    if (next !== '' && next !== name) onRename(next)
    setDraft(null)
  }
  return (
    <TextInput
      aria-label="Name of the run"
      autoFocus
      maw={420}
      maxLength={longest}
      value={draft}
      onFocus={(event) => event.currentTarget.select()}
      onChange={(event) => setDraft(event.currentTarget.value)}
      onBlur={keep}
      onKeyDown={(event) => {
        if (event.key === 'Enter') keep()
        if (event.key === 'Escape') {
          event.stopPropagation()
          setDraft(null)
        }
      }}
    />
  )
}
