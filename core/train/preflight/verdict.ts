import type { Alternative, DiskForecast, MemoryForecast, PreflightVerdict } from '../../contract/preflight.ts'

/** Of what is available: beyond this share it is tight, as a forecast may be a tenth off and others want memory too. */
export const comfortable = 0.85

export function memoryVerdict(neededBytes: number, availableBytes: number): PreflightVerdict {
  if (neededBytes > availableBytes) return 'does not fit'
  return neededBytes > comfortable * availableBytes ? 'tight' : 'fits'
}

export function diskVerdict({ neededBytes, freeBytes }: DiskForecast): PreflightVerdict {
  if (neededBytes > freeBytes) return 'does not fit'
  return neededBytes > comfortable * freeBytes ? 'tight' : 'fits'
}

/** The worse of both. */
export function verdictOf(memory: MemoryForecast, disk: DiskForecast): PreflightVerdict {
  const both = [memoryVerdict(memory.neededBytes, memory.availableBytes), diskVerdict(disk)]
  return both.includes('does not fit') ? 'does not fit' : both.includes('tight') ? 'tight' : 'fits'
}

/** The verdict with the numbers that it comes from. */
export function reasonOf(memory: MemoryForecast, disk: DiskForecast): string {
  const needs = `about ${gigabytes(memory.peakBytes)} of memory at its largest`
  switch (verdictOf(memory, disk)) {
    case 'fits':
      return `It fits: ${needs}, and ${gigabytes(disk.neededBytes)} of disk for checkpoints.`
    case 'tight': {
      const [what, of] =
        memoryVerdict(memory.neededBytes, memory.availableBytes) === 'tight'
          ? [gigabytes(memory.neededBytes), `${gigabytes(memory.availableBytes)} of memory`]
          : [gigabytes(disk.neededBytes), `${gigabytes(disk.freeBytes)} of disk`]
      return `It is tight: it wants ${what} of the ${of} that can be had now. Close other programs while it runs.`
    }
    case 'does not fit':
      return shortage(memory, disk)
  }
}

function shortage(memory: MemoryForecast, disk: DiskForecast): string {
  if (memory.neededBytes > memory.availableBytes) {
    return `It does not fit: it wants about ${gigabytes(memory.neededBytes)} more memory, and ${gigabytes(memory.availableBytes)} can be had.`
  }
  return `It does not fit: its checkpoints want ${gigabytes(disk.neededBytes)} of disk, and ${gigabytes(disk.freeBytes)} are free.`
}

/** The same with what to do about it, where it does not fit. */
export function sentenceOf(memory: MemoryForecast, disk: DiskForecast, alternatives: readonly Alternative[]): string {
  const reason = reasonOf(memory, disk)
  if (verdictOf(memory, disk) !== 'does not fit') return reason
  if (memory.neededBytes > memory.availableBytes) return `${reason} ${remedyOf(alternatives)}`
  return `${reason} Free some space, or keep fewer of them with save_total_limit or save_total_megabytes.`
}

/** What would fit, as a sentence. */
export function remedyOf(alternatives: readonly Alternative[]): string {
  if (alternatives.length === 0) return 'No setting was found with which it would: take a smaller model.'
  const ways = alternatives.map(({ settings, peakBytes }) => `${settingsText(settings)} (${gigabytes(peakBytes)})`)
  return `It would with ${ways.join(', or ')}.`
}

/** "per_device_train_batch_size 4 and gradient_accumulation_steps 4" */
function settingsText(settings: Alternative['settings']): string {
  return Object.entries(settings)
    .map(([name, value]) => `${name} ${typeof value === 'string' ? `"${value}"` : value}`)
    .join(' and ')
}

/** "1.6 GB", "120 MB": 1 GB is 10⁹ bytes. */
function gigabytes(bytes: number): string {
  if (bytes < 999.5e6) return `${Math.round(bytes / 1e6)} MB`
  return `${(bytes / 1e9).toFixed(bytes < 99.5e8 ? 1 : 0)} GB`
}
