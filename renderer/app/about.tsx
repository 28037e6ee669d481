import { Anchor, Code, Stack, Table, Text, Title } from '@mantine/core'
import { Link } from 'wouter'
import type { AppInfo } from '../../core/contract/domain.ts'
import { useCall } from '../client/hooks.ts'
import { ErrorPanel } from '../ui/error-panel.tsx'
import { formatBytes } from '../ui/format.ts'
import { Page } from '../ui/page.tsx'

/** What this program is, what it found on this machine, and whose work is in it. */
export function AboutScreen() {
  const { data, error, refetch } = useCall('app.info', {})
  return (
    <Page title="About Attune" width="reading">
      {error && <ErrorPanel error={error} onRetry={() => void refetch()} />}
      {data && (
        <Stack gap="xl">
          <Text maw={640}>
            Attune {data.version} fine-tunes Transformer models on your own data, on this machine, and compares the
            results. Nothing leaves the machine: no account, no telemetry. Licensed under Apache-2.0.
          </Text>
          <Machine info={data} />
          <Content info={data} />
          <Licences />
        </Stack>
      )}
    </Page>
  )
}

function Machine({ info }: { info: AppInfo }) {
  const { engine } = info
  const facts: [string, string][] = [
    [
      'Engine',
      engine
        ? `${engine.kind} on ${engine.backend} ${engine.version}, ${engine.threads} threads`
        : `none: ${info.engineProblem ?? 'it could not be loaded.'}`,
    ],
    ['Processor', `${info.cpu}, ${info.cores} cores`],
    ['Memory', `${formatBytes(info.memoryBytes)}, ${formatBytes(info.freeMemoryBytes)} free`],
    ['Disk', `${formatBytes(info.usedDiskBytes)} used by Attune, ${formatBytes(info.freeDiskBytes)} free`],
    ['Platform', info.platform],
    ['Data folder', info.home],
  ]
  return (
    <section>
      <Title order={2} mb={6}>
        This machine
      </Title>
      <Table withRowBorders={false} verticalSpacing={3} w="auto">
        <Table.Tbody>
          {facts.map(([name, value]) => (
            <Table.Tr key={name}>
              <Table.Th fw={400} c="dimmed" pl={0}>
                {name}
              </Table.Th>
              <Table.Td>
                {name === 'Data folder' ? <Code>{value}</Code> : value}
                {name === 'Disk' && (
                  <Anchor component={Link} href="/storage" fz={13} ml={10}>
                    What takes it, and freeing it
                  </Anchor>
                )}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </section>
  )
}

function Content({ info }: { info: AppInfo }) {
  return (
    <section>
      <Title order={2} mb={6}>
        Starter content
      </Title>
      <Stack gap={8}>
        {[...info.starters, ...info.samples].map((item) => (
          <div key={item.name}>
            <Text fw={500}>
              {item.title}
              {!item.available && ' (not on this machine)'}
            </Text>
            <Text c="dimmed" fz={12} maw={640}>
              {item.description} Licence: {item.licence}
            </Text>
          </div>
        ))}
      </Stack>
    </section>
  )
}

const works: readonly [name: string, licence: string, site: string][] = [
  ['TensorFlow and TensorFlow.js', 'Apache-2.0', 'https://www.tensorflow.org'],
  ['SQLite and better-sqlite3', 'public domain, MIT', 'https://sqlite.org'],
  ['Hugging Face tokenizers', 'Apache-2.0', 'https://github.com/huggingface/tokenizers.js'],
  ['Electron', 'MIT', 'https://www.electronjs.org'],
  ['React', 'MIT', 'https://react.dev'],
  ['Mantine', 'MIT', 'https://mantine.dev'],
  ['Recharts', 'MIT', 'https://recharts.org'],
  ['TanStack Query and Virtual', 'MIT', 'https://tanstack.com'],
  ['Lucide icons', 'ISC', 'https://lucide.dev'],
  ['Hono, Zod, Zustand, wouter', 'MIT, Unlicense', 'https://hono.dev'],
]

function Licences() {
  return (
    <section>
      <Title order={2} mb={6}>
        Built with
      </Title>
      <Table withRowBorders={false} verticalSpacing={2} w="auto">
        <Table.Tbody>
          {works.map(([name, licence, site]) => (
            <Table.Tr key={name}>
              <Table.Td pl={0}>
                <Anchor href={site} target="_blank" rel="noreferrer" fz={13}>
                  {name}
                </Anchor>
              </Table.Td>
              <Table.Td c="dimmed">{licence}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </section>
  )
}
