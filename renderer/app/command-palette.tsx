import { Modal, TextInput, useMantineColorScheme } from '@mantine/core'
import { Search } from 'lucide-react'
import { type KeyboardEvent, useEffect, useMemo, useState } from 'react'
import { useLocation } from 'wouter'
import { useCall } from '../client/hooks.ts'
import classes from './command-palette.module.css'
import { type Command, search } from './commands.ts'
import { usePreferences } from './preferences.ts'
import { useQueueCommands, useRunCommands } from './run-commands.ts'
import { comparePath, useSelection } from './selection.ts'

export interface CommandPaletteProps {
  opened: boolean
  onClose: () => void
  onShortcuts: () => void
}

const mostShown = 60

/** Mod+K: everything that can be gone to or done, found by typing. */
export function CommandPalette({ opened, onClose, onShortcuts }: CommandPaletteProps) {
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      withCloseButton={false}
      padding={0}
      size={560}
      yOffset="12vh"
      centered={false}
      aria-label="Search"
    >
      {opened && <Palette onClose={onClose} onShortcuts={onShortcuts} />}
    </Modal>
  )
}

function Palette({ onClose, onShortcuts }: Omit<CommandPaletteProps, 'opened'>) {
  const [typed, setTyped] = useState('')
  const [at, setAt] = useState(0)
  const commands = useCommands(onShortcuts)
  const found = useMemo(() => search(commands, typed).slice(0, mostShown), [commands, typed])
  const current = Math.min(at, found.length - 1)

  useEffect(() => {
    document.getElementById(`command-${current}`)?.scrollIntoView({ block: 'nearest' })
  }, [current])

  const take = (command: Command | undefined) => {
    if (!command) return
    onClose()
    command.act()
  }
  const onKeyDown = (event: KeyboardEvent) => {
    const move = { ArrowDown: 1, ArrowUp: -1 }[event.key]
    if (move !== undefined) {
      event.preventDefault()
      setAt((current + move + found.length) % Math.max(1, found.length))
    }
    if (event.key === 'Enter') take(found[current])
  }

  return (
    <>
      <TextInput
        variant="unstyled"
        size="md"
        px={12}
        data-autofocus
        placeholder="Search runs, datasets and commands"
        aria-label="Search runs, datasets and commands"
        role="combobox"
        aria-expanded
        aria-controls="commands"
        aria-activedescendant={found.length > 0 ? `command-${current}` : undefined}
        leftSection={<Search size={16} />}
        value={typed}
        onKeyDown={onKeyDown}
        onChange={(event) => {
          setTyped(event.currentTarget.value)
          setAt(0)
        }}
      />
      <div id="commands" role="listbox" aria-label="Commands" className={classes.list}>
        {found.length === 0 && <div className={classes.group}>Nothing has these words.</div>}
        {found.map((command, index) => (
          <div key={command.id} role="presentation">
            {command.group !== found[index - 1]?.group && <div className={classes.group}>{command.group}</div>}
            <button
              type="button"
              role="option"
              tabIndex={-1}
              id={`command-${index}`}
              aria-selected={index === current}
              className={classes.option}
              onMouseMove={() => setAt(index)}
              onClick={() => take(command)}
            >
              <span className={classes.title}>{command.title}</span>
              <span className={classes.detail}>{command.detail}</span>
            </button>
          </div>
        ))}
      </div>
    </>
  )
}

function useCommands(onShortcuts: () => void): Command[] {
  const [, navigate] = useLocation()
  const ofRun = useRunCommands()
  const ofQueue = useQueueCommands()
  const { setColorScheme } = useMantineColorScheme()
  const toggleRail = usePreferences((preferences) => preferences.toggleRail)
  const selected = useSelection((selection) => selection.selected)
  const runs = useCall('runs.list', {}).data?.runs
  const datasets = useCall('datasets.list', {}).data?.datasets
  return useMemo(() => {
    const go = (group: string, title: string, path: string, detail?: string): Command => ({
      id: path,
      group,
      title,
      ...(detail !== undefined && { detail }),
      act: () => navigate(path),
    })
    const act = (title: string, run: () => void): Command => ({ id: title, group: 'Commands', title, act: run })
    return [
      ...ofRun,
      go('Go to', 'New run', '/new'),
      go('Go to', 'Runs', '/runs'),
      go('Go to', 'Compare', comparePath(selected), selected.length > 1 ? `${selected.length} selected` : undefined),
      go('Go to', 'Datasets', '/datasets'),
      go('Go to', 'Models', '/models'),
      go('Go to', 'Storage', '/storage', 'What takes room, and freeing it'),
      go('Go to', 'About Attune', '/about'),
      ...(runs ?? []).map((run) => go('Runs', run.name, `/runs/${run.id}`, run.state)),
      ...(datasets ?? []).map((dataset) => go('Datasets', dataset.name, `/datasets/${dataset.id}`)),
      ...ofQueue,
      act('Light colours', () => setColorScheme('light')),
      act('Dark colours', () => setColorScheme('dark')),
      act('Colours as the system has them', () => setColorScheme('auto')),
      act('Fold or unfold the rail', toggleRail),
      act('Keyboard shortcuts', onShortcuts),
    ]
  }, [navigate, setColorScheme, toggleRail, selected, runs, datasets, onShortcuts, ofRun, ofQueue])
}
