import { Button, Code, CopyButton, Group, Stack, Switch, Table, Text, Title } from '@mantine/core'
import { useState } from 'react'
import type { Run } from '../../../core/contract/domain.ts'
import { hasLength, type TaskName } from '../../../core/contract/settings.ts'
import classes from './run-detail.module.css'
import { groupTitles, type SettingRow, settingRows } from './settings-rows.ts'

/** The run's whole record of how it was trained. */
export function RunSettings({ run }: { run: Run }) {
  const [changedOnly, setChangedOnly] = useState(false)
  const rows = settingRows(run).filter((row) => !changedOnly || row.differsFrom !== null)
  const groups = Map.groupBy(rows, (row) => row.group)
  return (
    <Stack className={classes.padded ?? ''} gap="lg" maw={900}>
      <Group justify="space-between">
        <Switch
          label="Only what differs from the default"
          checked={changedOnly}
          onChange={(event) => setChangedOnly(event.currentTarget.checked)}
        />
        <CopyButton value={JSON.stringify(run.config, null, 2)}>
          {({ copied, copy }) => (
            <Button variant="default" onClick={copy}>
              {copied ? 'Copied' : 'Copy as CONFIG.json'}
            </Button>
          )}
        </CopyButton>
      </Group>
      {rows.length === 0 && <Text c="dimmed">Every setting has its default value.</Text>}
      {[...groups].map(([group, members]) => (
        <section key={group}>
          <Title order={3} mb={4}>
            {groupTitles[group]}
          </Title>
          <SettingsTable rows={members} />
        </section>
      ))}
      {run.plan && <Plan plan={run.plan} task={run.config.task} />}
      <Text fz={12} c="dimmed">
        {run.engine &&
          `Engine: ${run.engine.kind} on ${run.engine.backend} ${run.engine.version}, ${run.engine.threads} threads. `}
        Recorded by Attune {run.appVersion}.
      </Text>
    </Stack>
  )
}

function SettingsTable({ rows }: { rows: readonly SettingRow[] }) {
  return (
    <Table verticalSpacing={4} horizontalSpacing={8} layout="fixed">
      <Table.Tbody>
        {rows.map((row) => (
          <Table.Tr key={row.name}>
            <Table.Th w="24%" fw={400} title={row.name} scope="row" pl={0}>
              {row.label}
            </Table.Th>
            <Table.Td w="32%" style={{ overflowWrap: 'anywhere' }} fw={row.differsFrom === null ? 400 : 600}>
              {row.value}
              {row.differsFrom !== null && (
                <Text span fz={12} c="dimmed" ml={8} fw={400}>
                  default {row.differsFrom}
                </Text>
              )}
            </Table.Td>
            <Table.Td c="dimmed" fz={12}>
              {row.help}
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  )
}

function Plan({ plan, task }: { plan: NonNullable<Run['plan']>; task: TaskName }) {
  return (
    <section>
      <Title order={3} mb={4}>
        What came of it
      </Title>
      <Text fz={13} maw={640}>
        {plan.trainRows} training and {plan.evalRows} validation rows, {plan.stepsPerEpoch} steps an epoch,{' '}
        {plan.totalSteps} in all. {(plan.truncatedShare * 100).toFixed(1)} % of the rows are cut.
        {hasLength(task) &&
          ` Programs for ${plan.lengthBuckets.length === 1 ? 'a length' : 'lengths'} of ${plan.lengthBuckets.join(', ')} tokens.`}
        {plan.labels.length > 0 && ' Classes: '}
        {plan.labels.map((label) => (
          <Code key={label} mr={4}>
            {label}
          </Code>
        ))}
      </Text>
    </section>
  )
}
