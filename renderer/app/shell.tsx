import { Code, Text } from '@mantine/core'
import { useState } from 'react'
import { useLocation } from 'wouter'
import { useConnection } from '../client/hooks.ts'
import { EmptyState } from '../ui/empty-state.tsx'
import { useShortcut } from '../ui/shortcuts.ts'
import { CommandPalette } from './command-palette.tsx'
import { usePreferences } from './preferences.ts'
import { Rail } from './rail.tsx'
import { Routes } from './routes.tsx'
import classes from './shell.module.css'
import { ShortcutList } from './shortcut-list.tsx'

/** The frame around every screen: rail, banner, and the dialogs that any screen can call up. */
export function Shell() {
  const connection = useConnection()
  const [, navigate] = useLocation()
  const [dialog, setDialog] = useState<'palette' | 'shortcuts' | null>(null)
  const toggleRail = usePreferences((preferences) => preferences.toggleRail)
  const close = () => setDialog(null)

  useShortcut('Mod+K', 'Search runs, datasets and commands', 'Everywhere', () => setDialog('palette'))
  useShortcut('Mod+/', 'Show this list', 'Everywhere', () => setDialog('shortcuts'))
  useShortcut('Mod+B', 'Fold or unfold the rail', 'Everywhere', toggleRail)
  useShortcut('Mod+,', 'About and settings', 'Everywhere', () => navigate('/about'))
  useShortcut('N', 'New run', 'Everywhere', () => navigate('/new'))

  if (connection === 'refused') return <Refused />
  return (
    <div className={classes.shell}>
      <button type="button" className={classes.skip} onClick={() => document.getElementById('main')?.focus()}>
        Skip to the screen
      </button>
      <Rail onSearch={() => setDialog('palette')} onShortcuts={() => setDialog('shortcuts')} />
      <main id="main" className={classes.main} tabIndex={-1}>
        {connection === 'lost' && (
          <div className={classes.banner} role="status">
            Attune does not answer. What you see may be out of date; it is being tried again. If it was closed, start it
            again with <Code>npm start</Code> and open the address that it prints.
          </div>
        )}
        <div className={classes.screen}>
          <Routes />
        </div>
      </main>
      <CommandPalette opened={dialog === 'palette'} onClose={close} onShortcuts={() => setDialog('shortcuts')} />
      <ShortcutList opened={dialog === 'shortcuts'} onClose={close} />
    </div>
  )
}

function Refused() {
  return (
    <EmptyState title="This page needs a fresh address">
      Attune was started anew since this page was opened, or the address had no key. Open the address that it printed in
      the terminal (it ends in <Code>#token=…</Code>). If the terminal is gone, start it again with{' '}
      <Code>npm start</Code>
      <Text span inherit>
        ; your runs and datasets are kept.
      </Text>
    </EmptyState>
  )
}
