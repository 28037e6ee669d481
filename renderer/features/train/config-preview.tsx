import { ActionIcon, CopyButton, Tabs, Tooltip } from '@mantine/core'
import { Check, Copy } from 'lucide-react'
import type { RunConfigInput } from '../../../core/contract/settings.ts'
import styles from './train.module.css'

/** The same run for a file or a shell. */
export function ConfigPreview({ config, command }: { config: RunConfigInput; command: string }) {
  return (
    <Tabs defaultValue="json" variant="default" className={styles.preview} keepMounted={false}>
      <Tabs.List>
        <Tabs.Tab value="json">As CONFIG.json</Tabs.Tab>
        <Tabs.Tab value="command">As a command</Tabs.Tab>
      </Tabs.List>
      <Tabs.Panel value="json">
        <Code text={JSON.stringify(config, null, 2)} what="CONFIG.json" />
      </Tabs.Panel>
      <Tabs.Panel value="command">
        <Code text={command} what="the command" />
      </Tabs.Panel>
    </Tabs>
  )
}

function Code({ text, what }: { text: string; what: string }) {
  return (
    <div className={styles.code}>
      <CopyButton value={text}>
        {({ copied, copy }) => (
          <Tooltip label={copied ? 'Copied' : 'Copy'}>
            <ActionIcon className={styles.copy} aria-label={`Copy ${what}`} onClick={copy}>
              {copied ? <Check size={14} /> : <Copy size={14} />}
            </ActionIcon>
          </Tooltip>
        )}
      </CopyButton>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls */}
      <pre tabIndex={0}>{text}</pre>
    </div>
  )
}
