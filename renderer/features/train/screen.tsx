import { SegmentedControl, Select, Skeleton } from '@mantine/core'
import { useState } from 'react'
import { useLocation } from 'wouter'
import { canLearn } from '../../../core/contract/architectures.ts'
import type { Model } from '../../../core/contract/domain.ts'
import { suits } from '../../../core/contract/roles.ts'
import { type RunConfigInput, type TaskName, taskSchema, tasks, taskTitles } from '../../../core/contract/settings.ts'
import { comparePath } from '../../app/selection.ts'
import { useAct, useCall } from '../../client/hooks.ts'
import { ErrorPanel } from '../../ui/error-panel.tsx'
import { formatWhen } from '../../ui/format.ts'
import { Page } from '../../ui/page.tsx'
import { useShortcut } from '../../ui/shortcuts.ts'
import { AdvancedSettings } from './advanced-settings.tsx'
import { blockedBecause } from './blocked.ts'
import { DatasetCards } from './dataset-cards.tsx'
import { configOf, draftFrom, readDraft } from './draft.ts'
import { fieldsFor } from './field.ts'
import { offered } from './forecast-text.ts'
import { forkCommand } from './fork.ts'
import { ForkCard } from './fork-card.tsx'
import { MethodCards } from './method-cards.tsx'
import { ModelCards } from './model-cards.tsx'
import { SettingField } from './setting-field.tsx'
import { Summary } from './summary.tsx'
import styles from './train.module.css'
import { useDraft } from './use-draft.ts'
import { useForecast } from './use-forecast.ts'
import { usePrefill } from './use-prefill.ts'

/** `/new`: model, dataset, method, settings; what it comes to and Start at the side. */
export function NewRunScreen() {
  const models = useCall('models.list', {})
  const datasets = useCall('datasets.list', {})
  const runs = useCall('runs.list', {})
  const info = useCall('app.info', {})
  const [, navigate] = useLocation()
  const { draft, pick, setMethod, replace, setFork } = useDraft()
  usePrefill({ models: models.data?.models, datasets: datasets.data?.datasets, runs: runs.data?.runs })

  const model = models.data?.models.find(({ id }) => id === draft.model)
  const dataset = datasets.data?.datasets.find(({ id }) => id === draft.dataset)
  const read = readDraft(draft)
  const config = configOf(draft)
  const { fork } = draft
  const parent = fork === null ? undefined : runs.data?.runs.find(({ id }) => id === fork.run)
  const blocked = blockedBecause({ draft, read, model, dataset, info: info.data, parent })
  const forecast = useForecast(blocked === null ? config : null)
  const refused = forecast.current && forecast.preflight?.verdict === 'does not fit'
  const [beside, setBeside] = useState(false)
  const baseline = useAct('runs.recurrentBaseline')
  const started = {
    quiet: true,
    onSuccess: async ({ run }: { run: { id: string } }) => {
      if (!beside || !canStandBeside(model, draft.task)) return navigate(`/runs/${run.id}`)
      const { run: second } = await baseline.mutateAsync({ id: run.id })
      navigate(comparePath([run.id, second.id]))
    },
  }
  const create = useAct('runs.create', started)
  const forking = useAct('runs.fork', started)
  const act = parent ? forking : create
  const starting = act.isPending || baseline.isPending
  const begin = (config: RunConfigInput) =>
    fork !== null && parent
      ? forking.mutate({ id: fork.run, checkpoint: fork.checkpoint, optimizer: fork.optimizer, config })
      : create.mutate({ config })
  const start = blocked === null && !refused && config !== null && !starting ? () => begin(config) : null
  useShortcut('Mod+Enter', 'Start the run', 'New run', start)

  const failed = models.error ?? datasets.error
  const learnable = (task: TaskName) => model === undefined || canLearn(model.architecture, task)
  const aims = dataset
    ? tasks.filter((task) => suits(dataset.task, task) && (task === draft.task || learnable(task)))
    : []
  const basic = fieldsFor(draft.method, draft.task).filter(({ level }) => level === 'basic')
  return (
    <Page
      title={parent ? 'Fork a run' : 'New run'}
      subtitle={
        parent ? `A new run from a checkpoint of ${parent.name}` : 'Fine-tune a model on your data, on this machine'
      }
      width="full"
      actions={
        <Select
          aria-label="Take the settings of an earlier run"
          placeholder="Settings of an earlier run…"
          searchable
          clearable
          nothingFoundMessage="No run of this name"
          data={(runs.data?.runs ?? []).map((run) => ({
            value: run.id,
            label: `${run.name} (${formatWhen(run.createdAt, Date.now())})`,
          }))}
          value={null}
          onChange={(id) => {
            const from = runs.data?.runs.find((run) => run.id === id)
            if (from) replace(draftFrom(from.config))
          }}
          w={260}
        />
      }
    >
      <div className={styles.layout}>
        <div className={styles.form}>
          {failed && <ErrorPanel error={failed} />}
          <Section title="Model">
            {fork !== null && parent ? (
              <ForkCard fork={fork} parent={parent} onFork={setFork} />
            ) : models.data ? (
              <ModelCards
                models={models.data.models}
                chosen={draft.model}
                task={dataset ? draft.task : null}
                onChoose={(id) => pick({ model: id })}
              />
            ) : (
              <Skeleton height={72} />
            )}
          </Section>
          <Section title="Dataset">
            {datasets.data ? (
              <DatasetCards
                datasets={datasets.data.datasets}
                chosen={draft.dataset}
                onChoose={({ id, task }) => pick({ dataset: id, task })}
              />
            ) : (
              <Skeleton height={72} />
            )}
          </Section>
          {aims.length > 1 && (
            <Section title="Task">
              <SegmentedControl
                aria-label="What the model learns from the dataset"
                data={aims.map((task) => ({ value: task, label: taskTitles[task] }))}
                value={draft.task}
                onChange={(task) => pick({ task: taskSchema.parse(task) })}
              />
            </Section>
          )}
          <Section title="Method">
            <MethodCards method={draft.method} onChoose={setMethod} task={draft.task} />
          </Section>
          <Section title="Settings">
            <div className={styles.grid}>
              {basic.map((field) => (
                <SettingField key={field.name} field={field} problem={read.problems[field.name]} model={model} />
              ))}
            </div>
            <AdvancedSettings problems={read.problems} model={model} />
          </Section>
        </div>
        <Summary
          {...{ draft, read, model, dataset, config, blocked, forecast, refused }}
          alternatives={offered(forecast.preflight?.alternatives ?? [], fork, parent)}
          error={act.error}
          starting={starting}
          command={fork !== null && parent && config !== null ? forkCommand(fork, config, parent.config) : undefined}
          onStart={start}
          beside={canStandBeside(model, draft.task) ? { checked: beside, onChange: setBeside } : null}
        />
      </div>
    </Page>
  )
}

/** Whether a recurrent model can be trained on the same, to be compared with. */
function canStandBeside(model: Model | undefined, task: TaskName): boolean {
  return model !== undefined && model.architecture !== 'lstm' && canLearn('lstm', task)
}

function Section({ title, children }: { title: string; children: React.ReactNode }) {
  return (
    <section aria-label={title} className={styles.section}>
      <h2 className={styles.sectionTitle}>{title}</h2>
      {children}
    </section>
  )
}
