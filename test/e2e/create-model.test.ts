import { join } from 'node:path'
import { expect, test } from 'vitest'
import { attune, serveAttune, temporaryHome, writeMails } from '../support/attune.ts'
import { browse } from '../support/browser.ts'

test('a model from scratch: its size is counted while it is chosen, its tokens are learned from a dataset', async () => {
  const home = await temporaryHome()
  const file = join(home, 'mails.csv')
  await writeMails(file, 60)
  await attune(home, 'datasets', 'import', file, '--name', 'mails')
  const { page, complaints, picture } = await browse(await serveAttune(home))

  await page.getByRole('link', { name: 'Models', exact: true }).click()
  await page.getByRole('button', { name: 'Create from scratch' }).click()
  const dialog = page.getByRole('dialog', { name: 'Create a model from scratch' })
  await dialog.getByRole('combobox', { name: 'Architecture' }).click()
  await page.getByRole('option', { name: 'LSTM' }).click()
  await dialog.getByText('1,945,600 parameters.').waitFor()
  await dialog.getByRole('textbox', { name: 'Units a layer' }).fill('wide')
  await dialog.getByText('hidden_size is "wide"').waitFor()
  await dialog.getByRole('textbox', { name: 'Units a layer' }).fill('32')
  await dialog.getByRole('combobox', { name: 'Dataset' }).click()
  await page.getByRole('option', { name: 'mails' }).click()
  await dialog.getByRole('textbox', { name: 'Tokens at most' }).fill('400')
  await dialog.getByRole('textbox', { name: 'Name' }).fill('my lstm')
  await picture('create-model-light')
  await dialog.getByRole('button', { name: 'Create', exact: true }).click()

  const drawer = page.getByRole('dialog', { name: 'my lstm' })
  await drawer.getByText('from scratch, seed 42').waitFor()
  await drawer.getByRole('link', { name: 'Fine-tune it' }).click()
  await page.getByRole('heading', { name: 'New run', level: 1 }).waitFor()
  await page.getByRole('radio', { name: /my lstm/ }).waitFor()
  expect(await page.getByRole('textbox', { name: 'Learning rate' }).getAttribute('placeholder')).toBe('2e-3')
  expect(complaints).toEqual([])
})
