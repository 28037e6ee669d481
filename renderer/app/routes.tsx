import { Loader } from '@mantine/core'
import { lazy, Suspense } from 'react'
import { Redirect, Route, Switch, useLocation } from 'wouter'
import { EmptyState } from '../ui/empty-state.tsx'
import { ErrorBoundary } from './error-boundary.tsx'

const RunsScreen = lazy(async () => ({ default: (await import('../features/runs/screen.tsx')).RunsScreen }))
const NewRunScreen = lazy(async () => ({ default: (await import('../features/train/screen.tsx')).NewRunScreen }))
const CompareScreen = lazy(async () => ({ default: (await import('../features/compare/screen.tsx')).CompareScreen }))
const DatasetsScreen = lazy(async () => ({ default: (await import('../features/datasets/screen.tsx')).DatasetsScreen }))
const ModelsScreen = lazy(async () => ({ default: (await import('../features/models/screen.tsx')).ModelsScreen }))
const StorageScreen = lazy(async () => ({ default: (await import('../features/storage/screen.tsx')).StorageScreen }))
const AboutScreen = lazy(async () => ({ default: (await import('./about.tsx')).AboutScreen }))

/** Which screen an address shows. Screens read ids with `useParams` and queries with `useSearchParams` of wouter. */
export function Routes() {
  const [path] = useLocation()
  const screen = path.split('/')[1] ?? ''
  return (
    <ErrorBoundary key={screen}>
      <Suspense fallback={<Loader size="sm" style={{ display: 'block', margin: '96px auto' }} />}>
        <Switch>
          <Route path="/">
            <Redirect to="/runs" replace />
          </Route>
          <Route path="/runs/:id?" component={RunsScreen} />
          <Route path="/new" component={NewRunScreen} />
          <Route path="/compare" component={CompareScreen} />
          <Route path="/datasets/:id?" component={DatasetsScreen} />
          <Route path="/models" component={ModelsScreen} />
          <Route path="/storage" component={StorageScreen} />
          <Route path="/about" component={AboutScreen} />
          <Route>
            <EmptyState title="There is nothing at this address">Choose a screen on the left.</EmptyState>
          </Route>
        </Switch>
      </Suspense>
    </ErrorBoundary>
  )
}
