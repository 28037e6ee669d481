import { writeFile } from 'node:fs/promises'
import { totalmem } from 'node:os'
import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { attune, serveAttune, tinyModelDir } from '../support/attune.ts'
import { browse } from '../support/browser.ts'
import { wideHome } from '../support/wide-model.ts'

const panelOf = (page: Page) => page.getByRole('region', { name: 'On this machine' })
/** Waits until the forecast of the present draft says so. */
const verdict = (page: Page, says: RegExp) => panelOf(page).getByRole('status').filter({ hasText: says }).waitFor()
const start = (page: Page) => page.getByRole('button', { name: 'Start', exact: true })

async function chooseWide(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'New run' }).first().click()
  await page.getByRole('radio', { name: /^wide/ }).check({ force: true })
  await page.getByRole('radio', { name: /^texts/ }).check({ force: true })
}

test('a draft is worked out by itself, measured on request, and never holds up Start', async () => {
  const { home } = await wideHome('bert', 'text-classification')
  const { page, complaints, picture } = await browse(await serveAttune(home))
  const panel = panelOf(page)
  await chooseWide(page)
  await panel.getByText('Working it out').waitFor()
  expect(await start(page).isEnabled()).toBe(true)
  await verdict(page, /fits/)
  for (const figure of [/real tokens\/s/, '96 to train', '3.39M parameters', /at most/]) {
    await panel.getByText(figure).first().waitFor()
  }
  await picture('forecast-light')

  // A newer draft takes the place of the one that is being measured.
  await panel.getByRole('button', { name: 'Measure on this machine' }).click()
  await panel.getByRole('button', { name: 'Cancel' }).waitFor()
  await page.getByRole('textbox', { name: 'Max length' }).fill('16')
  await verdict(page, /fits/)
  expect(await panel.getByText('measured here').count()).toBe(0)
  await panel.getByRole('button', { name: 'Measure on this machine' }).click()
  await panel.getByText('measured here').waitFor({ timeout: 90_000 })
  expect(await panel.getByRole('button', { name: 'Measure on this machine' }).count()).toBe(0)
  expect(complaints).toEqual([])
})

test('a forecast that cannot be made says why, and is made again on request', async () => {
  const { home } = await wideHome('bert', 'text-classification')
  const { page } = await browse(await serveAttune(home), 'dark')
  const error = { code: 'bad_file', message: 'The model cannot be read.' }
  await page.route('**/api/runs.preflight', (route) => route.fulfill({ json: { ok: false, error } }))
  await chooseWide(page)
  await panelOf(page).getByText(error.message).waitFor()
  expect(await start(page).isEnabled()).toBe(true)
  await page.unroute('**/api/runs.preflight')
  await panelOf(page).getByRole('button', { name: 'Try again' }).click()
  await verdict(page, /fits/)
})

test.skipIf(totalmem() > 48e9)(
  'what does not fit cannot start; settings that would are one click away, and back',
  async () => {
    const { home } = await wideHome('bert', 'text-classification')
    const { page, complaints, picture } = await browse(await serveAttune(home))
    const size = page.getByRole('textbox', { name: 'Batch size', exact: true })
    await chooseWide(page)
    await page.getByRole('textbox', { name: 'Max length' }).fill('512')
    await size.fill('1024')
    await verdict(page, /does not fit/)
    expect(await start(page).isEnabled()).toBe(false)
    await picture('forecast-refused-light')
    await panelOf(page).getByRole('button', { name: 'Look again' }).click()
    await panelOf(page).getByText('Working it out').waitFor()
    await verdict(page, /does not fit/)

    await panelOf(page)
      .getByRole('button', { name: /^Batch size/ })
      .click()
    expect(Number(await size.inputValue())).toBeLessThan(1024)
    await expect.poll(() => start(page).isEnabled(), { timeout: 20_000 }).toBe(true)
    await verdict(page, /fits|tight/)
    await panelOf(page).getByRole('button', { name: 'Put back' }).click()
    expect(await size.inputValue()).toBe('1024')
    await verdict(page, /does not fit/)
    expect(complaints).toEqual([])
  },
)

test('a run whose memory was not enough leads to the form with settings that would fit', async () => {
  const { home, config } = await wideHome('bert', 'text-classification')
  await attune(home, 'models', 'add', tinyModelDir, '--name', 'tiny')
  const settings = { dataset: 'texts', max_length: 16, max_steps: 1 }
  for (const [name, model] of [
    ['first', 'wide'],
    ['second', 'tiny'],
  ] as const) {
    await writeFile(config, JSON.stringify({ ...settings, name, model }))
    expect((await attune(home, 'train', config)).code).toBe(0)
  }
  const { page, complaints, picture } = await browse(await serveAttune(home))
  // As it would have been recorded: none can be had here without taking all of the machine's memory.
  const alternatives = [
    { settings: { per_device_train_batch_size: 4, gradient_accumulation_steps: 4 }, peakBytes: 1e9, neededBytes: 1e9 },
    { settings: { method: 'lora', learning_rate: 1e-3 }, peakBytes: 2e9, neededBytes: 1e9 },
  ]
  const error = { code: 'out_of_memory', message: 'The memory was not enough for a step.', details: { alternatives } }
  await page.route('**/api/runs.get', async (route) => {
    const response = await route.fetch()
    const { ok, value } = (await response.json()) as { ok: boolean; value: { run: object } }
    await route.fulfill({ response, json: { ok, value: { run: { ...value.run, state: 'failed', error } } } })
  })
  await page.getByRole('link', { name: 'first' }).click()
  await page.getByRole('main').getByText(error.message).waitFor()
  await picture('out-of-memory-light')

  // Its weights can be gone on with, by the model that they are of and not by that of the latest run.
  await page.getByRole('button', { name: /^Batch size 4, gradient accumulation 4/ }).click()
  await page.getByRole('heading', { name: 'Fork a run' }).waitFor()
  expect(await page.getByRole('textbox', { name: 'Batch size', exact: true }).inputValue()).toBe('4')
  await panelOf(page).getByText('Set: Batch size 4, gradient accumulation 4.').waitFor()
  expect(await page.getByRole('complementary', { name: 'Summary' }).getByText('wide', { exact: true }).count()).toBe(1)
  await expect.poll(() => start(page).isEnabled(), { timeout: 20_000 }).toBe(true)

  // An adapter beside a whole model is no fork of it.
  await page.goBack()
  await page.getByRole('button', { name: /^Method LoRA, learning rate/ }).click()
  await page.getByRole('heading', { name: 'New run', level: 1 }).waitFor()
  await expect.poll(() => page.getByRole('radio', { name: /^LoRA/ }).isChecked()).toBe(true)
  expect(complaints).toEqual([])
})
