/** A true minus sign is as wide as a plus, so that columns of differences line up. */
const minus = '−'
/** Between a number and its unit: thin and unbreakable. */
const thinSpace = '\u202f'

const grouped = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 })

/** 12345 → "12,345". */
export function formatCount(value: number): string {
  return grouped.format(value).replace('-', minus)
}

/** 22713216 → "22.7M": for sizes where the exact number does not matter. */
export function formatShort(value: number): string {
  if (Math.abs(value) >= 1e12) return value.toExponential(1).replace('e+', 'e').replaceAll('-', minus)
  for (const [size, letter] of [
    [1e9, 'B'],
    [1e6, 'M'],
    [1e3, 'k'],
  ] as const) {
    if (Math.abs(value) >= size) return `${trimmed(value / size, 3)}${letter}`
  }
  return trimmed(value, 3)
}

function trimmed(value: number, digits: number): string {
  return String(Number(value.toPrecision(digits))).replace('-', minus)
}

/** A measured value to so many significant digits (4 unless told): 0.04321, 1,234, 5.0e-5, 4.983e14; "–" for none. */
export function formatNumber(value: number | null | undefined, digits = 4): string {
  if (value === null || value === undefined) return '–'
  if (Number.isNaN(value)) return 'NaN'
  if (!Number.isFinite(value)) return value > 0 ? '∞' : `${minus}∞`
  if (value === 0) return '0'
  const size = Math.abs(value)
  if (size >= 1e9)
    return value
      .toExponential(digits - 1)
      .replace('e+', 'e')
      .replaceAll('-', minus)
  if (size >= 10_000) return formatCount(value)
  if (size < 0.001) return value.toExponential(Math.min(2, digits - 1)).replaceAll('-', minus)
  // Trailing zeros stay, so that a number which updates does not jump in width.
  const decimals = digits - 1 - Math.floor(Math.log10(size))
  return value.toFixed(Math.min(Math.max(0, decimals), digits + 1)).replace('-', minus)
}

/** 0.9567 → "95.7 %". */
export function formatPercent(share: number | null | undefined, decimals = 1): string {
  if (share === null || share === undefined || !Number.isFinite(share)) return '–'
  return `${(share * 100).toFixed(decimals).replace('-', minus)}${thinSpace}%`
}

/** A difference always shows its sign: "+0.0123", "−1.5", "±0". */
export function formatDelta(value: number | null | undefined, digits = 3): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return '–'
  if (value === 0) return '±0'
  return `${value > 0 ? '+' : minus}${formatNumber(Math.abs(value), digits)}`
}

/** How much a value grew or shrank, as a share of what it was: "+12.3 %", "−4.0 %"; "×301" where percent would not be read. */
export function formatChange(share: number): string {
  if (share >= 10) return `×${formatCount(1 + share)}`
  return `${share > 0 ? '+' : ''}${formatPercent(share)}`
}

/** Milliseconds as two units at most: "340 ms", "4.2 s", "3 min 05 s", "2 h 14 min", "1 d 3 h". */
export function formatDuration(ms: number | null | undefined): string {
  if (ms === null || ms === undefined || !Number.isFinite(ms)) return '–'
  if (ms < 1000) return `${Math.round(Math.max(0, ms))}${thinSpace}ms`
  const seconds = ms / 1000
  if (seconds < 9.95) return `${seconds.toFixed(1)}${thinSpace}s`
  const whole = Math.round(seconds)
  if (whole < 60) return `${whole}${thinSpace}s`
  if (whole < 3600) return `${Math.floor(whole / 60)}${thinSpace}min ${two(whole % 60)}${thinSpace}s`
  const minutes = Math.round(seconds / 60)
  if (minutes < 1440) return `${Math.floor(minutes / 60)}${thinSpace}h ${two(minutes % 60)}${thinSpace}min`
  const hours = Math.round(seconds / 3600)
  return `${Math.floor(hours / 24)}${thinSpace}d ${hours % 24}${thinSpace}h`
}

function two(value: number): string {
  return String(value).padStart(2, '0')
}

/** Decimal units, as file managers show them: "512 B", "1.2 MB", "90.9 MB". */
export function formatBytes(bytes: number | null | undefined): string {
  if (bytes === null || bytes === undefined || !Number.isFinite(bytes)) return '–'
  let value = bytes
  for (const unit of ['B', 'kB', 'MB', 'GB']) {
    if (Math.abs(value) < 999.5) {
      const decimals = unit === 'B' || Math.abs(value) >= 99.95 ? 0 : 1
      return `${value.toFixed(decimals)}${thinSpace}${unit}`
    }
    value /= 1000
  }
  return `${value.toFixed(1)}${thinSpace}TB`
}

/** Per second: formatRate(812.4, 'tokens') → "812 tokens/s". */
export function formatRate(perSecond: number | null | undefined, what = ''): string {
  if (perSecond === null || perSecond === undefined || !Number.isFinite(perSecond)) return '–'
  const value = perSecond >= 100 ? formatCount(perSecond) : trimmed(perSecond, 3)
  return `${value}${thinSpace}${what}/s`
}

/** A value in its series' unit: bytes and rates read as such, the rest as a plain number. */
export function formatValue(value: number | null | undefined, unit: string): string {
  if (unit === 'bytes') return formatBytes(value)
  if (unit === '1/s') return formatRate(value)
  return formatNumber(value)
}

const minuteMs = 60_000
const dayMs = 86_400_000

/** A moment as seen from `now`: "just now", "12 min ago", "14:05", "3 Mar 14:05", "3 Mar 2025". */
export function formatWhen(timestamp: number, now: number): string {
  const ago = now - timestamp
  if (ago < minuteMs) return 'just now'
  if (ago < 60 * minuteMs) return `${Math.floor(ago / minuteMs)}${thinSpace}min ago`
  const date = new Date(timestamp)
  const time = `${two(date.getHours())}:${two(date.getMinutes())}`
  if (new Date(now).toDateString() === date.toDateString()) return time
  const day = `${date.getDate()} ${date.toLocaleString('en-US', { month: 'short' })}`
  return ago < 300 * dayMs ? `${day} ${time}` : `${day} ${date.getFullYear()}`
}

/** "1 run", "2 runs". */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`
}
