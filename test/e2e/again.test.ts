import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { attune, serveAttune, temporaryHome, tinyModelDir, writeMails } from '../support/attune.ts'
import { browse } from '../support/browser.ts'

/** What the palette finds first for these words. */
async function command(page: Page, words: string): Promise<void> {
  await page.keyboard.press('Control+k')
  await page.getByRole('combobox', { name: /^Search runs, datasets/ }).fill(words)
  await page.getByRole('option', { selected: true, name: new RegExp(words, 'i') }).waitFor()
  await page.keyboard.press('Enter')
  await page.getByRole('dialog').waitFor({ state: 'detached' })
}

/** From a run that has finished: reproduced from the palette, forked by the form, arranged in the queue, its space freed. */
test('reproduce, fork, arrange the queue, free space', async () => {
  const home = await temporaryHome()
  const mails = join(home, 'mails.csv')
  await writeMails(mails, 200)
  await attune(home, 'models', 'add', tinyModelDir, '--name', 'tiny')
  await attune(home, 'datasets', 'import', mails, '--name', 'mails')
  const config = join(home, 'config.json')
  const settings = {
    model: 'tiny',
    dataset: 'mails',
    max_length: 32,
    max_steps: 40,
    save_steps: 5,
    save_total_limit: 9,
  }
  await writeFile(config, JSON.stringify({ ...settings, name: 'first' }))
  expect((await attune(home, 'train', config)).code).toBe(0)

  const { page, complaints, picture } = await browse(await serveAttune(home))
  const main = page.getByRole('main')
  await page.getByRole('link', { name: 'first' }).click()
  await page.getByRole('heading', { name: /^first Rename/, level: 1 }).waitFor()

  await command(page, 'reproduce')
  await page.getByRole('heading', { name: 'first reproduced', level: 1 }).waitFor()
  await main.getByText(/came out equal, bit for bit/).waitFor({ timeout: 90_000 })
  await picture('reproduced-light')
  await main.getByRole('link', { name: 'first', exact: true }).click()

  await command(page, 'pause the queue')
  for (const name of ['one', 'two']) {
    await page.getByRole('heading', { name: /^first Rename/, level: 1 }).waitFor()
    await page.keyboard.press('f')
    await page.getByRole('heading', { name: 'Fork a run' }).waitFor()
    await page.getByRole('textbox', { name: 'Run name' }).fill(name)
    await page.getByRole('textbox', { name: 'Epochs' }).fill('1')
    await page.getByRole('button', { name: 'Start', exact: true }).click()
    await page.getByRole('heading', { name, level: 1 }).waitFor()
    await main.getByText(/Forked from step \d+ of first/).waitFor()
    await main.getByRole('link', { name: 'first', exact: true }).click()
  }
  await page.getByRole('link', { name: 'Runs', exact: true }).click()
  const queue = page.getByRole('region', { name: 'Queue' })
  const order = () => queue.getByRole('listitem').getByRole('link').allTextContents()
  await expect.poll(order).toEqual(['one', 'two'])
  await queue.getByRole('button', { name: 'Move two to the front' }).click()
  await expect.poll(order).toEqual(['two', 'one'])
  await picture('queue-light')
  await queue.getByRole('button', { name: 'Take one out of the queue' }).click()
  await expect.poll(order).toEqual(['two'])
  await page.getByRole('button', { name: 'Undo' }).click()
  await expect.poll(async () => (await order()).toSorted()).toEqual(['one', 'two'])
  await queue.getByRole('button', { name: 'Let it go on' }).click()
  await queue.waitFor({ state: 'detached', timeout: 90_000 })

  await command(page, 'storage')
  const free = page.getByRole('button', { name: /^Free spare checkpoints/ })
  await expect.poll(() => free.isEnabled()).toBe(true)
  await picture('storage-light')
  await free.click()
  await expect.poll(() => free.isEnabled()).toBe(false)
  await page.getByRole('button', { name: 'Undo' }).last().click()
  await expect.poll(() => free.isEnabled()).toBe(true)
  expect(complaints).toEqual([])
})
