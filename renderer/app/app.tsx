import { MantineProvider } from '@mantine/core'
import { Notifications } from '@mantine/notifications'
import { type QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { Router } from 'wouter'
import type { Client } from '../client/client.ts'
import { ClientContext } from '../client/hooks.ts'
import { ErrorBoundary } from './error-boundary.tsx'
import { useHashLocation } from './hash-location.ts'
import { Shell } from './shell.tsx'
import { cssVariables, theme } from './theme.ts'

export interface AppProps {
  client: Client
  queries: QueryClient
  nonce: string
}

export function App({ client, queries, nonce }: AppProps) {
  return (
    <MantineProvider
      theme={theme}
      cssVariablesResolver={cssVariables}
      defaultColorScheme="auto"
      getStyleNonce={() => nonce}
    >
      <ClientContext value={client}>
        <QueryClientProvider client={queries}>
          <Router hook={useHashLocation}>
            <Notifications position="bottom-right" limit={4} />
            <ErrorBoundary>
              <Shell />
            </ErrorBoundary>
          </Router>
        </QueryClientProvider>
      </ClientContext>
    </MantineProvider>
  )
}
