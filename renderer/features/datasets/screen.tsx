import { useRoute } from 'wouter'
import { DatasetDetail } from './dataset-detail.tsx'
import { DatasetList } from './dataset-list.tsx'

/** `/datasets` and `/datasets/:id`. */
export function DatasetsScreen() {
  const [, params] = useRoute('/datasets/:id')
  return params?.id ? <DatasetDetail key={params.id} id={params.id} /> : <DatasetList />
}
