import { Button, Group } from '@mantine/core'
import { Component, type ReactNode } from 'react'
import { ErrorPanel } from '../ui/error-panel.tsx'

interface State {
  failure: unknown
  failed: boolean
}

/** A defect on one screen is told there, and leaves the rest of the window usable. Give it a `key` per screen. */
export class ErrorBoundary extends Component<{ children: ReactNode }, State> {
  override state: State = { failure: null, failed: false }

  static getDerivedStateFromError(failure: unknown): State {
    return { failure, failed: true }
  }

  override render() {
    if (!this.state.failed) return this.props.children
    return (
      <div style={{ maxWidth: 640, margin: '48px auto', padding: '0 20px' }}>
        <ErrorPanel error={this.state.failure} title="This screen failed. Runs are not touched by it." />
        <Group mt="sm" gap="xs">
          <Button variant="default" onClick={() => this.setState({ failed: false, failure: null })}>
            Show it again
          </Button>
          <Button variant="default" onClick={() => location.reload()}>
            Load the page anew
          </Button>
        </Group>
      </div>
    )
  }
}
