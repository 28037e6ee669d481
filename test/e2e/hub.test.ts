import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { serveAttune, temporaryHome, tinyModelDir } from '../support/attune.ts'
import { browse } from '../support/browser.ts'
import { serveHub } from '../support/hub.ts'

/** A model of a hub, by its name: against a server of the hub's protocol on this machine. */
test('a model is downloaded by its name: refused in a sentence, cancelled, gone on with, used', async () => {
  const home = await temporaryHome()
  await mkdir(join(home, 'cache'))
  const hub = await serveHub(tinyModelDir)
  const { page, complaints, picture } = await browse(
    await serveAttune(home, { HF_ENDPOINT: hub.endpoint, ATTUNE_CACHE: join(home, 'cache') }),
  )
  await page.getByRole('link', { name: 'Models', exact: true }).click()
  await page.getByRole('button', { name: 'Add', exact: true }).click()
  const dialog = page.getByRole('dialog', { name: 'Add a model' })
  const field = dialog.getByRole('textbox', { name: 'From the Hugging Face hub' })
  const download = dialog.getByRole('button', { name: 'Download' })
  expect(await download.isDisabled()).toBe(true)

  await field.fill('a model')
  await download.click()
  await dialog.getByRole('alert').getByText('"a model" names no model of a hub. Write ORG/NAME').waitFor()
  await field.fill('org/none')
  await field.press('Enter')
  await dialog
    .getByRole('alert')
    .getByText(/does not give out org\/none|has no model org\/none/)
    .waitFor()
  await picture('hub-error-light')

  hub.faults.slow = 250
  await field.fill('hub:org/tiny')
  await download.click()
  await dialog.getByText(/^Downloading org\/tiny: \d+.%$/).waitFor()
  const done = () => dialog.getByRole('progressbar').getAttribute('aria-valuenow').then(Number)
  await expect.poll(() => hub.asked.at(-1), { timeout: 10_000 }).toBe('/store/model.safetensors')
  const before = await done()
  await expect.poll(done, { timeout: 10_000 }).toBeGreaterThan(before)
  await picture('hub-progress-light')
  await dialog.getByRole('button', { name: 'Cancel' }).click()
  await field.waitFor()
  expect(await field.inputValue()).toBe('hub:org/tiny')
  expect(await dialog.getByRole('alert').count()).toBe(0)

  hub.faults.slow = 0
  await field.fill('org/tiny')
  await download.click()
  const drawer = page.getByRole('dialog', { name: 'org/tiny' })
  await drawer.getByText('hub:org/tiny@0123456789ab').waitFor()
  // What had come before the end was not asked for again.
  expect(hub.asked.at(-1)).toMatch(/^\/store\/model\.safetensors bytes=[1-9]\d*-$/)
  expect(complaints).toEqual([])
})
