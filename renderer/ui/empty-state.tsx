import { Stack, Text } from '@mantine/core'
import type { LucideIcon } from 'lucide-react'
import type { ReactNode } from 'react'

export interface EmptyStateProps {
  icon?: LucideIcon
  title: string
  /** One sentence: what would be here, and how it comes to be. */
  children: ReactNode
  /** The button that does it. */
  action?: ReactNode
}

export function EmptyState({ icon: Icon, title, children, action }: EmptyStateProps) {
  return (
    <Stack align="center" justify="center" gap={6} py={56} px="lg" maw={480} mx="auto" ta="center">
      {Icon && <Icon size={28} strokeWidth={1.5} color="var(--attune-faint)" aria-hidden />}
      <Text component="h2" fz={15} fw={600} mt={6} mb={0}>
        {title}
      </Text>
      <Text c="dimmed" fz={13}>
        {children}
      </Text>
      {action !== undefined && <div style={{ marginTop: 10 }}>{action}</div>}
    </Stack>
  )
}
