const counts = new Intl.NumberFormat('en-US')

export function count(value: number): string {
  return counts.format(value)
}

/** "90.9 MB", in powers of 1000 as disks are sold. */
export function bytes(value: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  let rest = value
  let unit = 0
  while (rest >= 1000 && unit < units.length - 1) {
    rest /= 1000
    unit += 1
  }
  return `${unit === 0 ? rest : rest.toFixed(rest < 10 ? 2 : 1)} ${units[unit]}`
}

/** "48 s", "3 min 20 s", "2 h 5 min". */
export function duration(seconds: number): string {
  const whole = Math.round(seconds)
  if (seconds < 10) return `${seconds.toFixed(1)} s`
  if (whole < 60) return `${whole} s`
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`
}

/** Local time, "2026-02-03 14:05". */
export function moment(at: number): string {
  const date = new Date(at)
  const two = (value: number) => String(value).padStart(2, '0')
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}`
}

/** Four significant digits, small and large ones with an exponent. */
export function number(value: number): string {
  if (value === 0 || Number.isInteger(value)) return String(value)
  const size = Math.abs(value)
  return size < 1e-4 || size >= 1e6 ? value.toExponential(2) : String(Number(value.toPrecision(4)))
}

/** "95.2 %". */
export function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`
}

/** A JSON value as it would be written in a settings file; strings bare. */
export function plain(value: unknown): string {
  if (value === null || value === undefined) return '–'
  return typeof value === 'string' ? value : JSON.stringify(value)
}
