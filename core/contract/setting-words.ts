import { methodTitles, type RunConfig, settingInfos } from './settings.ts'

/** Settings as the form calls them: "batch size 4, gradient accumulation 4", "method LoRA". */
export function settingsInWords(settings: Partial<RunConfig>): string {
  const words = settingInfos.flatMap(({ name, label }) => {
    const value = settings[name]
    return value === undefined ? [] : [wordsOf(label, value)]
  })
  const method = settings.method === undefined ? [] : [`Method ${methodTitles[settings.method]}`]
  const [first = '', ...others] = [...method, ...words]
  return [first, ...others.map(lowered)].join(', ')
}

function wordsOf(label: string, value: unknown): string {
  if (typeof value === 'boolean') return value ? label : `${label}: off`
  return `${label} ${Array.isArray(value) ? value.join(' ') : value}`
}

/** Not "LoRA rank": what begins with an abbreviation keeps it. */
function lowered(text: string): string {
  return /^[A-Z][a-z]/.test(text) ? text.charAt(0).toLowerCase() + text.slice(1) : text
}
