import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BrowserContext, chromium, type Page } from 'playwright-core'
import { onTestFinished } from 'vitest'

const root = join(import.meta.dirname, '..', '..')
export const artifactsDir = join(root, 'artifacts', 'screens')

const flags = [
  ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
  ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
]

export interface Browsed {
  readonly page: Page
  /** Errors of the page and its console so far; a test ends by expecting none. */
  readonly complaints: string[]
  /** Goes to an address within the app: "/compare?runs=a,b". */
  go(address: string): Promise<void>
  /** Keeps what is seen as artifacts/screens/<name>.png. */
  picture(name: string): Promise<void>
}

/** Opens Chromium (ATTUNE_CHROMIUM, which `npm test` finds) on an address; closed when the test ends. */
export async function browse(url: string, colorScheme: 'light' | 'dark' = 'light'): Promise<Browsed> {
  const profile = await mkdtemp(join(tmpdir(), 'attune-browser-'))
  const executablePath = process.env.ATTUNE_CHROMIUM ?? '/usr/bin/chromium'
  const context: BrowserContext = await chromium.launchPersistentContext(profile, {
    executablePath,
    headless: true,
    chromiumSandbox: false,
    viewport: { width: 1440, height: 900 },
    colorScheme,
    args: flags,
  })
  onTestFinished(async () => {
    await context.close()
    await rm(profile, { recursive: true, force: true, maxRetries: 5 })
  })
  const page = context.pages()[0] ?? (await context.newPage())
  const complaints: string[] = []
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text())
  })
  await page.goto(url)
  return {
    page,
    complaints,
    go: (address) =>
      page.evaluate((hash) => {
        window.location.hash = hash
      }, address),
    async picture(name) {
      await mkdir(artifactsDir, { recursive: true })
      await page.screenshot({ path: join(artifactsDir, `${name}.png`) })
    },
  }
}
