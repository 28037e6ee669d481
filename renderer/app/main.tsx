import '@mantine/core/styles.css'
import '@mantine/notifications/styles.css'
import './global.css'
import { QueryClient } from '@tanstack/react-query'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { connect } from '../client/connect.ts'
import { keepFresh } from '../client/hooks.ts'
import { isUnreachable } from '../client/reply.ts'
import { App } from './app.tsx'
import { shareNonce, styleNonce } from './nonce.ts'

const nonce = styleNonce()
shareNonce(nonce)

const client = connect()
const queries = new QueryClient({
  defaultOptions: {
    queries: {
      // Pushes say what changed; a minute is for what no push covers (free memory and disk).
      staleTime: 60_000,
      refetchOnWindowFocus: false,
      // The host is on this machine: there without any network.
      networkMode: 'always',
      retry: (failures, error) => isUnreachable(error) && failures < 3,
    },
    mutations: { networkMode: 'always' },
  },
})
keepFresh(client, queries)

const root = document.getElementById('root')
if (root === null) throw new Error('index.html has no element #root.')
createRoot(root).render(
  <StrictMode>
    <App client={client} queries={queries} nonce={nonce} />
  </StrictMode>,
)
