import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { attune, serveAttune, temporaryHome, tinyModelDir, writeMails } from '../support/attune.ts'
import { type Browsed, browse } from '../support/browser.ts'

/** What a newcomer does, in a real browser: import a file, train two variants, compare them. The model alone is tiny. */
test('import, train two runs, compare', async () => {
  const home = await temporaryHome()
  const file = join(home, 'mails.csv')
  await writeMails(file, 240)
  await attune(home, 'models', 'add', tinyModelDir, '--name', 'tiny')
  const browsed = await browse(await serveAttune(home))
  const { page, complaints, picture } = browsed

  await importFile(page, file)
  await picture('datasets-light')

  await startRun(browsed, 'first', 'Full')
  await waitForRun(page, 'first')
  await startRun(browsed, 'second', 'LoRA')
  await waitForRun(page, 'second')

  await page.getByRole('link', { name: 'Runs', exact: true }).click()
  await page.getByRole('checkbox', { name: 'Select first' }).check()
  await page.getByRole('checkbox', { name: 'Select second' }).check()
  await picture('runs-light')
  await page.getByRole('button', { name: 'Compare (2)' }).click()

  const main = page.getByRole('main')
  await main.getByText('judged on 48 common validation examples').waitFor()
  await expect.poll(() => main.getByRole('figure').count()).toBeGreaterThanOrEqual(3)
  const settings = main.getByRole('region', { name: 'Configuration' })
  await settings.getByRole('rowheader', { name: /method/i }).waitFor()
  const outputs = main.getByRole('region', { name: 'Outputs' })
  await expect.poll(() => outputs.getByRole('row').count()).toBeGreaterThan(10)
  await picture('compare-light')

  // The same address opens the same comparison after a reload: the session is a cookie, the state is in the address.
  await page.reload()
  await main.getByText('judged on 48 common validation examples').waitFor()
  expect(complaints).toEqual([])
})

test('the first screen of an empty app leads to a run by one click', async () => {
  const { page, complaints, picture } = await browse(await serveAttune(await temporaryHome()), 'dark')
  await picture('empty-dark')
  await page
    .getByRole('button', { name: /sample/i })
    .first()
    .click()
  await page.getByRole('heading', { name: 'New run', level: 1 }).waitFor()
  await page.getByRole('radio', { name: /Spam or ham/ }).waitFor()
  await expect.poll(() => page.getByRole('button', { name: 'Start', exact: true }).isEnabled()).toBe(true)
  await picture('new-run-dark')
  expect(complaints).toEqual([])
})

test('a page without the launch token is told how to get one', async () => {
  const url = await serveAttune(await temporaryHome())
  const { page } = await browse(url.replace(/#.*/, ''))
  await page
    .getByText(/attune serve|npm start/)
    .first()
    .waitFor()
  // On a busy machine it looks lost for a moment before it is known to be refused.
  await expect.poll(() => page.getByRole('navigation').count()).toBe(0)
})

async function importFile(page: Page, file: string): Promise<void> {
  await page.getByRole('link', { name: 'Datasets' }).click()
  await page
    .getByRole('button', { name: /Import/ })
    .first()
    .click()
  const dialog = page.getByRole('dialog')
  await dialog.locator('input[type=file]').first().setInputFiles(file)
  await dialog.getByText('spam').first().waitFor()
  await dialog.getByRole('button', { name: /^Import/ }).click()
  await dialog.waitFor({ state: 'detached' })
  await page.getByText('240').first().waitFor()
}

async function startRun({ page, picture }: Browsed, name: string, method: string): Promise<void> {
  await page.getByRole('button', { name: 'New run' }).first().click()
  await page.getByRole('radio', { name: /^tiny/ }).check({ force: true })
  await page.getByRole('radio', { name: /^mails/ }).check({ force: true })
  await page.getByRole('radio', { name: new RegExp(`^${method}`) }).check({ force: true })
  await page.getByRole('textbox', { name: 'Run name' }).fill(name)
  await page.getByRole('textbox', { name: 'Max length' }).fill('32')
  await page.getByRole('textbox', { name: 'Learning rate' }).fill('2e-3')
  await picture(`new-run-${name}-light`)
  await page.getByRole('button', { name: 'Start', exact: true }).click()
}

async function waitForRun(page: Page, name: string): Promise<void> {
  await page.getByRole('heading', { name, level: 1 }).waitFor()
  await page.getByRole('main').getByText('finished', { exact: true }).first().waitFor({ timeout: 90_000 })
}
