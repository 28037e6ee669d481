import { useEffect, useRef } from 'react'
import { create } from 'zustand'

export interface Shortcut {
  /** "Mod+K", "Shift+?", "Escape", "C": Mod is Command on a Mac and Control elsewhere. */
  readonly keys: string
  /** What it does, for the list of shortcuts. */
  readonly label: string
  readonly group: string
}

/** Those that work on the screen now shown, in the order they were added. */
export const useShortcutList = create<{ shortcuts: readonly Shortcut[] }>()(() => ({ shortcuts: [] }))

export const onMac = typeof navigator !== 'undefined' && /mac/i.test(navigator.userAgent)

/** "Mod+K" as the person's keyboard has it: "⌘K" or "Ctrl+K". */
export function readableKeys(keys: string, mac = onMac): string {
  return mac ? keys.replaceAll('Mod+', '⌘').replaceAll('Shift+', '⇧') : keys.replaceAll('Mod+', 'Ctrl+')
}

type KeyLike = Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey' | 'shiftKey' | 'altKey'>

/** Whether a key press is this shortcut, no more and no fewer modifiers held. */
export function matches(keys: string, event: KeyLike, mac = onMac): boolean {
  const parts = keys.split('+')
  const key = parts.at(-1) ?? ''
  const mod = mac ? event.metaKey : event.ctrlKey
  const otherMod = mac ? event.ctrlKey : event.metaKey
  if (mod !== parts.includes('Mod') || otherMod || event.altKey !== parts.includes('Alt')) return false
  // Where a symbol needs Shift depends on the keyboard: only letters and named keys are held to it.
  if (/^(\w|\w{2,})$/.test(key) && event.shiftKey !== parts.includes('Shift')) return false
  const pressed = event.key === ' ' ? 'Space' : event.key
  return pressed.toLowerCase() === key.toLowerCase()
}

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false
  return target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName)
}

/** What takes keys for itself while it is open. */
const onTop = '[role="dialog"], [role="menu"], [role="listbox"]'

/** A closed list of choices stays in the page, unseen: only what can be seen counts. */
function isCovered(): boolean {
  return [...document.querySelectorAll(onTop)].some((element) => element.checkVisibility())
}

/** Ticking a box is no typing: letters may act there. */
function isBox(target: EventTarget | null): boolean {
  return target instanceof HTMLInputElement && /^(checkbox|radio|range)$/.test(target.type)
}

/**
 * A key that works while the component is shown, and is listed under Mod+/. Keys without Mod are left alone while the
 * person types or a dialog is open. Pass null to switch it off.
 */
export function useShortcut(keys: string, label: string, group: string, handler: (() => void) | null): void {
  const latest = useRef(handler)
  const active = handler !== null
  useEffect(() => {
    latest.current = handler
  })
  useShortcutHint(keys, label, group, active)
  useEffect(() => {
    if (!active) return
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.defaultPrevented || !matches(keys, event)) return
      const plain = !keys.includes('Mod+')
      const typing = isTyping(event.target) && !isBox(event.target)
      if (plain && (typing || isCovered())) return
      event.preventDefault()
      latest.current?.()
    }
    window.addEventListener('keydown', onKeyDown)
    return () => window.removeEventListener('keydown', onKeyDown)
  }, [keys, active])
}

/** Only lists a key that the component itself listens for, such as one that acts on a focused row. */
export function useShortcutHint(keys: string, label: string, group: string, active = true): void {
  useEffect(() => {
    if (!active) return
    const shortcut: Shortcut = { keys, label, group }
    useShortcutList.setState(({ shortcuts }) => ({ shortcuts: [...shortcuts, shortcut] }))
    return () =>
      useShortcutList.setState(({ shortcuts }) => ({ shortcuts: shortcuts.filter((other) => other !== shortcut) }))
  }, [keys, label, group, active])
}
