import { type CSSVariablesResolver, createTheme, type MantineColorsTuple } from '@mantine/core'

/** The one accent: a quiet blue that holds 4.5 : 1 on both grounds. */
const accent: MantineColorsTuple = [
  '#eef3fc',
  '#dbe5f6',
  '#b4c8ec',
  '#8aa9e2',
  '#678fda',
  '#5180d5',
  '#3f72cf',
  '#3262b9',
  '#2b57a6',
  '#1f4a93',
]

/** Neutral with a breath of blue; Mantine's own dark is used from 7 (ground) to 0 (text). */
const dark: MantineColorsTuple = [
  '#d5d9e0',
  '#b3b9c4',
  '#8f97a5',
  '#5f6774',
  '#3a404b',
  '#2c313a',
  '#23272f',
  '#1a1d23',
  '#14161b',
  '#0f1115',
]

const gray: MantineColorsTuple = [
  '#f8f9fb',
  '#f1f3f6',
  '#e6e9ee',
  '#d9dde4',
  '#c4cad3',
  '#a4acb8',
  '#7c8593',
  '#59616e',
  '#3a414c',
  '#22272f',
]

/** Calm and dense: 13 px text, small radii, small controls. */
export const theme = createTheme({
  colors: { accent, dark, gray },
  primaryColor: 'accent',
  primaryShade: { light: 7, dark: 6 },
  fontFamily:
    "Inter, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', Cantarell, 'Liberation Sans', system-ui, sans-serif",
  fontFamilyMonospace: "ui-monospace, 'SF Mono', 'Cascadia Mono', Menlo, Consolas, 'DejaVu Sans Mono', monospace",
  fontSizes: { xs: '12px', sm: '13px', md: '14px', lg: '16px', xl: '18px' },
  lineHeights: { xs: '1.35', sm: '1.4', md: '1.45', lg: '1.5', xl: '1.5' },
  headings: {
    fontWeight: '600',
    sizes: {
      h1: { fontSize: '18px', lineHeight: '1.3' },
      h2: { fontSize: '15px', lineHeight: '1.35' },
      h3: { fontSize: '13px', lineHeight: '1.4' },
    },
  },
  radius: { xs: '2px', sm: '4px', md: '6px', lg: '8px', xl: '12px' },
  defaultRadius: 'sm',
  cursorType: 'pointer',
  autoContrast: true,
  components: {
    ActionIcon: { defaultProps: { variant: 'subtle', color: 'gray', size: 28 } },
    Button: { defaultProps: { size: 'xs', fz: 13, fw: 500 } },
    Checkbox: { defaultProps: { size: 'xs' } },
    Input: { defaultProps: { size: 'xs' } },
    InputWrapper: { defaultProps: { size: 'xs' }, styles: { description: { fontSize: 11.5 } } },
    Menu: { defaultProps: { shadow: 'md', withinPortal: true } },
    Modal: {
      defaultProps: { centered: true, transitionProps: { duration: 120 }, overlayProps: { backgroundOpacity: 0.4 } },
      styles: { title: { fontWeight: 600, fontSize: 14 } },
    },
    NumberInput: { defaultProps: { size: 'xs' } },
    PasswordInput: { defaultProps: { size: 'xs' } },
    SegmentedControl: {
      defaultProps: { size: 'xs' },
      styles: { root: { background: 'var(--attune-hover)' }, indicator: { background: 'var(--attune-raised)' } },
    },
    Select: { defaultProps: { size: 'xs' } },
    Switch: { defaultProps: { size: 'xs' }, styles: { description: { fontSize: 11.5 } } },
    Text: { defaultProps: { size: 'sm' } },
    Table: { defaultProps: { fz: 13, verticalSpacing: 6, horizontalSpacing: 10 } },
    Textarea: { defaultProps: { size: 'xs' } },
    TextInput: { defaultProps: { size: 'xs' } },
    Tooltip: { defaultProps: { openDelay: 350, withArrow: false, fz: 12, multiline: true, maw: 320 } },
  },
})

/** Names of our own beside Mantine's, so that a style sheet says what it means; and quieter tints for notices. */
export const cssVariables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    '--attune-ground': '#f6f7f9',
    '--attune-surface': '#ffffff',
    '--attune-line': '#e3e6eb',
    '--attune-faint': '#656d7a',
    '--attune-hover': '#f0f2f5',
    '--attune-picked': '#e9f0fb',
    '--attune-raised': '#ffffff',
    '--attune-good': '#18794e',
    '--attune-bad': '#c03530',
    '--attune-warn': '#8a5a00',
    '--mantine-color-body': '#ffffff',
    '--mantine-color-dimmed': '#656d7a',
    '--mantine-color-placeholder': '#656d7a',
    '--mantine-color-red-light': '#fdf1f0',
    '--mantine-color-teal-light-color': '#0a6b4e',
    '--mantine-color-yellow-light': '#fdf6e3',
    '--mantine-color-yellow-light-color': '#7a5000',
  },
  dark: {
    '--attune-ground': '#131519',
    '--attune-surface': '#1a1d23',
    '--attune-line': '#2b3039',
    '--attune-faint': '#949cab',
    '--attune-hover': '#22262e',
    '--attune-picked': '#1e2a40',
    '--attune-raised': '#3a404b',
    '--attune-good': '#4cc38a',
    '--attune-bad': '#f2777a',
    '--attune-warn': '#e0a93b',
    '--mantine-color-body': '#1a1d23',
    '--mantine-color-anchor': '#7ba0e2',
    '--mantine-color-dimmed': '#949cab',
    '--mantine-color-placeholder': '#949cab',
    '--mantine-color-red-light': '#35201f',
    '--mantine-color-red-light-color': '#f59a96',
    '--mantine-color-yellow-light': '#302817',
    '--mantine-color-yellow-light-color': '#ecc265',
    '--mantine-color-teal-light': '#17302a',
    '--mantine-color-teal-light-color': '#6fd3b3',
    '--mantine-color-accent-light': '#1e2a40',
    '--mantine-color-accent-light-color': '#a9c3ee',
    '--mantine-color-gray-light': '#262a32',
    '--mantine-color-gray-light-color': '#b3b9c4',
  },
})
