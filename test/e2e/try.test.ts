import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { attune, serveAttune, temporaryHome } from '../support/attune.ts'
import { browse } from '../support/browser.ts'
import { barPicture, classFolders, writeFiles } from '../support/media.ts'

const vit = join(import.meta.dirname, '..', 'golden', 'family', 'vit-grey')

/** A run that learnt pictures is tried on one of the dataset and on one of a person's own. */
test('try a run on a picture', async () => {
  const home = await temporaryHome()
  const folder = join(home, 'bars')
  await writeFiles(folder, await classFolders(['bottom', 'middle', 'top'], 12, 'png', barPicture))
  await attune(home, 'models', 'add', vit, '--name', 'tiny ViT')
  await attune(home, 'datasets', 'import', folder, '--name', 'bars')
  const config = join(home, 'config.json')
  const settings = { model: 'tiny ViT', dataset: 'bars', learning_rate: 3e-3, per_device_train_batch_size: 8 }
  await writeFile(config, JSON.stringify({ ...settings, num_train_epochs: 6, name: 'seeing' }))
  expect((await attune(home, 'train', config)).code).toBe(0)

  const { page, complaints, picture } = await browse(await serveAttune(home))
  await page.getByRole('link', { name: 'seeing' }).click()
  await page.getByText(/pictures\/s/).waitFor()
  await page.getByRole('tab', { name: 'Try it' }).click()
  const predict = page.getByRole('button', { name: 'Predict' })
  expect(await predict.isDisabled()).toBe(true)
  await page.getByRole('button', { name: 'A picture from the dataset' }).click()
  await page.getByText(/^Row \d+ of the dataset$/).waitFor()
  await predict.click()
  const said = page.getByRole('region', { name: 'What it says' })
  await said.getByText(/^Predicted: /).waitFor()

  // What was said of the one goes when another is chosen.
  const asked: string[] = []
  page.on('request', (request) => {
    const { pathname } = new URL(request.url())
    if (/files|[pP]redict/.test(pathname)) asked.push(pathname)
  })
  const own = { name: 'mine.png', mimeType: 'image/png', buffer: Buffer.from(await barPicture(1, 999)) }
  await page.locator('input[type=file]').setInputFiles(own)
  await page.getByRole('img', { name: 'mine.png' }).waitFor()
  await said.getByText(/^Predicted: /).waitFor({ state: 'detached' })
  await predict.click()
  await said.getByText('Predicted: middle').waitFor()
  await picture('try-picture-light')
  const again = page.waitForResponse('**/api/runs.predict')
  await predict.click()
  await again
  expect(asked).toEqual(['/api/files', '/api/runs.predict', '/api/runs.predict'])

  const broken = { name: 'broken.png', mimeType: 'image/png', buffer: Buffer.from('no picture') }
  await page.locator('input[type=file]').setInputFiles(broken)
  await predict.click()
  await said.getByText('broken.png is no image file that can be read: it has to be PNG and JPEG.').waitFor()

  // Whoever leaves is not waiting for an answer.
  const held = Promise.withResolvers<void>()
  await page.route('**/api/runs.predict', async (route) => {
    await held.promise
    await route.continue()
  })
  await page.getByRole('button', { name: 'A picture from the dataset' }).click()
  await page.getByText(/^Row \d+ of the dataset$/).waitFor()
  await predict.click()
  const cancelled = page.waitForRequest('**/api/runs.cancelPrediction')
  await page.getByRole('tab', { name: 'Charts' }).click()
  await cancelled
  held.resolve()
  expect(complaints).toEqual([])
})
