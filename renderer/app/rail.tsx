import { ActionIcon, Button, Menu, Progress, Tooltip, useMantineColorScheme } from '@mantine/core'
import {
  Boxes,
  ChartSpline,
  Columns2,
  Database,
  Info,
  Keyboard,
  type LucideIcon,
  Moon,
  PanelLeft,
  Plus,
  Search,
  Sun,
  SunMoon,
} from 'lucide-react'
import { Link, useLocation } from 'wouter'
import { useCall } from '../client/hooks.ts'
import { formatPercent } from '../ui/format.ts'
import { readableKeys } from '../ui/shortcuts.ts'
import icon from './icon.svg'
import { usePreferences } from './preferences.ts'
import { comparePath, useSelection } from './selection.ts'
import classes from './shell.module.css'

interface Place {
  path: string
  title: string
  icon: LucideIcon
}

const places: readonly Place[] = [
  { path: '/runs', title: 'Runs', icon: ChartSpline },
  { path: '/compare', title: 'Compare', icon: Columns2 },
  { path: '/datasets', title: 'Datasets', icon: Database },
  { path: '/models', title: 'Models', icon: Boxes },
]

const schemes = {
  light: { icon: Sun, title: 'Light' },
  dark: { icon: Moon, title: 'Dark' },
  auto: { icon: SunMoon, title: 'As the system' },
} as const

export interface RailProps {
  onSearch: () => void
  onShortcuts: () => void
}

export function Rail({ onSearch, onShortcuts }: RailProps) {
  const { narrowRail: narrow, toggleRail } = usePreferences()
  const [path, navigate] = useLocation()
  const selected = useSelection((selection) => selection.selected)
  return (
    <nav className={classes.rail} data-narrow={narrow || undefined} aria-label="Main">
      <div className={classes.brand}>
        <img src={icon} alt="" />
        {!narrow && 'Attune'}
      </div>
      {narrow ? (
        <Tooltip label="New run (N)" position="right">
          <ActionIcon
            variant="filled"
            color="accent"
            size={32}
            mx="auto"
            mb={6}
            aria-label="New run"
            onClick={() => navigate('/new')}
          >
            <Plus size={18} />
          </ActionIcon>
        </Tooltip>
      ) : (
        <Button leftSection={<Plus size={16} />} mb={8} mx={2} onClick={() => navigate('/new')}>
          New run
        </Button>
      )}
      {places.map((place) => (
        <Tooltip key={place.path} label={place.title} position="right" disabled={!narrow}>
          <Link
            href={place.path === '/compare' ? comparePath(selected) : place.path}
            className={classes.link}
            aria-label={place.title}
            aria-current={path.startsWith(place.path) ? 'page' : undefined}
          >
            <place.icon size={16} aria-hidden />
            {!narrow && place.title}
          </Link>
        </Tooltip>
      ))}
      <div className={classes.grow} />
      {!narrow && <Now />}
      <div className={classes.foot}>
        <RailButton label={`Search (${readableKeys('Mod+K')})`} icon={Search} onClick={onSearch} />
        <SchemeMenu />
        <RailButton label={`Keyboard shortcuts (${readableKeys('Mod+/')})`} icon={Keyboard} onClick={onShortcuts} />
        <RailButton label="About Attune" icon={Info} onClick={() => navigate('/about')} />
        <RailButton
          label={`${narrow ? 'Unfold' : 'Fold'} the rail (${readableKeys('Mod+B')})`}
          icon={PanelLeft}
          onClick={toggleRail}
        />
      </div>
    </nav>
  )
}

function RailButton({ label, icon: Icon, onClick }: { label: string; icon: LucideIcon; onClick: () => void }) {
  return (
    <Tooltip label={label}>
      <ActionIcon aria-label={label} onClick={onClick}>
        <Icon size={16} />
      </ActionIcon>
    </Tooltip>
  )
}

function SchemeMenu() {
  const { colorScheme, setColorScheme } = useMantineColorScheme()
  const Current = schemes[colorScheme].icon
  return (
    <Menu position="top-start">
      <Menu.Target>
        <ActionIcon aria-label={`Colours: ${schemes[colorScheme].title}`}>
          <Current size={16} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {(['light', 'dark', 'auto'] as const).map((scheme) => {
          const { icon: Icon, title } = schemes[scheme]
          return (
            <Menu.Item
              key={scheme}
              leftSection={<Icon size={14} />}
              fw={scheme === colorScheme ? 600 : 400}
              onClick={() => setColorScheme(scheme)}
            >
              {title}
            </Menu.Item>
          )
        })}
      </Menu.Dropdown>
    </Menu>
  )
}

/** The run that is being trained, wherever one is. */
function Now() {
  const { data } = useCall('runs.list', {})
  const run = data?.runs.find(({ state }) => state === 'running')
  if (!run) return null
  const share = run.plan && run.plan.totalSteps > 0 ? run.step / run.plan.totalSteps : 0
  const waiting = data?.runs.filter(({ state }) => state === 'queued').length ?? 0
  return (
    <Link href={`/runs/${run.id}`} className={classes.now}>
      <span className={classes.nowName}>{run.name}</span>
      <Progress value={share * 100} size={4} aria-label={`${run.name}: ${formatPercent(share, 0)} done`} />
      <span className={`${classes.nowFacts} tabular`}>
        <span>{run.phase ?? 'running'}</span>
        <span>{waiting > 0 ? `+${waiting} queued` : formatPercent(share, 0)}</span>
      </span>
    </Link>
  )
}
