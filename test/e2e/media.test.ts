import { join } from 'node:path'
import type { Locator, Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { attune, serveAttune, temporaryHome, trainRuns } from '../support/attune.ts'
import { browse } from '../support/browser.ts'
import { writeFreshModel } from '../support/fresh-model.ts'
import { barPicture, classFolders, toneClip, writeFiles } from '../support/media.ts'

/** Pictures and clips in a real browser: from a folder of them to runs that are compared by what they saw and heard. */

const patient = { timeout: 20_000 }

/** Drops a folder's worth of files on the import dialog, by its chooser. */
async function chooseFolder(page: Page, folder: string) {
  await page.getByRole('link', { name: 'Datasets', exact: true }).click()
  await page
    .getByRole('button', { name: /^Import/ })
    .first()
    .click()
  const dialog = page.getByRole('dialog')
  const chooser = page.waitForEvent('filechooser')
  await dialog.getByRole('button', { name: 'Choose a folder' }).click()
  await (await chooser).setFiles(folder)
  return dialog
}

/** Until every picture among these is there and has been drawn. */
const drawn = (images: Locator) =>
  expect
    .poll(
      () => images.evaluateAll((found) => found.map((image) => (image as HTMLImageElement).naturalWidth > 0)),
      patient,
    )
    .toSatisfy((seen: boolean[]) => seen.length > 0 && !seen.includes(false))

/** Until a clip is there, as long as it is: a fifth of a second. */
const heard = (clip: Locator) =>
  expect.poll(() => clip.evaluate((audio) => (audio as HTMLAudioElement).duration), patient).toBeCloseTo(0.2)

test('a folder of pictures: imported in the window, seen in its rows and where runs disagree', async () => {
  const home = await temporaryHome()
  const folder = join(home, 'bars')
  await writeFiles(folder, await classFolders(['bottom', 'middle', 'top'], 20, 'png', barPicture))
  const model = join(home, 'seer')
  const sizes = { hidden_size: 16, num_hidden_layers: 1, num_attention_heads: 2, intermediate_size: 32 }
  const sight = { image_size: 8, patch_size: 4, num_channels: 1 }
  await writeFreshModel(model, { model_type: 'vit', ...sizes, ...sight }, 'image-classification')
  await attune(home, 'models', 'add', model, '--name', 'seer')
  const { page, complaints, picture, go } = await browse(await serveAttune(home))

  const dialog = await chooseFolder(page, folder)
  await dialog.getByText('60 rows in all').waitFor()
  expect(await dialog.getByRole('combobox', { name: 'Task' }).inputValue()).toBe('Image classification')
  await dialog.getByRole('button', { name: 'Import', exact: true }).click()
  await page.getByRole('heading', { name: 'bars', level: 1 }).waitFor()
  const rows = page.getByRole('table', { name: 'Rows of bars' })
  await rows.getByRole('columnheader', { name: 'Picture' }).waitFor()
  await drawn(rows.getByRole('img'))
  await page.getByRole('combobox', { name: 'Class', exact: true }).click()
  await page.getByRole('option', { name: 'middle' }).click()
  await page.getByText('20 rows match').waitFor()
  const chosen = page.getByRole('region', { name: 'The chosen row' })
  await chosen.getByText('middle/0.png').waitFor()
  await drawn(chosen.getByRole('img', { name: 'middle' }))
  await picture('pictures-light')

  const common = { model: 'seer', dataset: 'bars', per_device_train_batch_size: 8, learning_rate: 1e-2 }
  const ids = await trainRuns(home, common, [
    { name: 'long', num_train_epochs: 8 },
    { name: 'short', max_steps: 1, learning_rate: 1e-4 },
  ])
  await go(`/compare?runs=${ids.join(',')}`)
  await page.getByText(/of 12 validation pictures right/).waitFor()
  for (const name of ['long', 'short']) {
    const matrix = page.getByRole('table', { name: `Confusion matrix of ${name}` })
    expect(await matrix.getByRole('rowheader').allTextContents()).toEqual(['bottom', 'middle', 'top'])
    await matrix.getByTitle(/^\d+ of \d+: top taken for top$/).waitFor()
  }
  const outputs = page.getByRole('region', { name: 'Outputs' })
  const table = outputs.getByRole('table', { name: 'Outputs by example' })
  await expect.poll(() => table.getByRole('row').count(), patient).toBe(13)
  await outputs.getByText('They disagree').click()
  await outputs.getByText(/^1–(\d+) of \1 examples?$/).waitFor()
  const disagreeing = Number(
    /disagree on (\d+)/.exec((await outputs.getByText(/disagree on/).textContent()) ?? '')?.[1],
  )
  expect(disagreeing).toBeGreaterThan(0)
  await expect.poll(() => table.getByRole('row').count(), patient).toBe(1 + disagreeing)
  await drawn(table.getByRole('img', { name: /^(?:bottom|middle|top)$/ }))
  await table.getByLabel('wrong').first().waitFor()
  await table.scrollIntoViewIfNeeded()
  await picture('pictures-compare-light')

  await go(`/runs/${ids[0]}`)
  for (const name of ['Loss', 'Accuracy and F1']) {
    await page.getByRole('figure', { name }).locator('path').first().waitFor({ state: 'attached' })
  }
  await page.getByText('Validation accuracy').first().waitFor()
  expect(complaints).toEqual([])
})

test('a folder of clips with transcripts: heard in its rows, and beside what each run wrote', async () => {
  const home = await temporaryHome()
  const folder = join(home, 'said')
  const words = ['low tone', 'middle tone', 'high tone']
  const files = await classFolders(['low', 'middle', 'high'], 8, 'wav', toneClip)
  const lines = Object.keys(files).map((name) => {
    const transcript = words.find((said) => said.startsWith(name.split('/')[0] ?? ''))
    return JSON.stringify({ file_name: name, transcript })
  })
  await writeFiles(folder, { ...files, 'metadata.jsonl': lines.join('\n') })
  const { page, complaints, picture, go } = await browse(await serveAttune(home))

  const dialog = await chooseFolder(page, folder)
  await dialog.getByText('24 rows in all').waitFor()
  expect(await dialog.getByRole('combobox', { name: 'Task' }).inputValue()).toBe('Speech recognition')
  await dialog.getByRole('button', { name: 'Import', exact: true }).click()
  const rows = page.getByRole('table', { name: 'Rows of said' })
  await rows.getByRole('cell', { name: 'low tone' }).first().waitFor()
  await drawn(rows.getByRole('img'))
  const chosen = page.getByRole('region', { name: 'The chosen row' })
  await drawn(chosen.getByRole('img', { name: /^Sound of low/ }))
  await heard(chosen.locator('audio'))
  await picture('clips-light')

  const fields = {
    d_model: 32,
    encoder_ffn_dim: 32,
    num_mel_bins: 8,
    max_source_positions: 15,
    max_target_positions: 16,
  }
  const set = Object.entries(fields).flatMap(([name, value]) => ['--set', `${name}=${value}`])
  const tokens = ['--learn-from', 'said', '--vocab-size', '300']
  const created = await attune(home, 'models', 'create', 'whisper', ...set, ...tokens, '--name', 'hearer')
  expect(created.code, created.stderr).toBe(0)
  const common = { model: 'hearer', dataset: 'said', max_length: 16, per_device_train_batch_size: 8 }
  const ids = await trainRuns(home, common, [
    { name: 'long', max_steps: 40, learning_rate: 5e-3 },
    { name: 'short', max_steps: 12, learning_rate: 5e-3 },
  ])
  await go(`/compare?runs=${ids.join(',')}`)
  await page
    .getByText(/mean character error rate of a clip/)
    .first()
    .waitFor()
  const metrics = page.getByRole('table', { name: 'Metrics, best values' })
  for (const name of ['Validation word error rate', 'Validation character error rate']) {
    await metrics.getByRole('rowheader', { name }).waitFor()
  }
  const table = page.getByRole('table', { name: 'Outputs by example' })
  await table
    .getByText(/^CER \d/)
    .first()
    .waitFor()
  await heard(table.locator('audio').first())
  // A run of so few steps has words wrong, and says which.
  await table.getByText('(wrong)').first().waitFor({ state: 'attached' })
  await table.scrollIntoViewIfNeeded()
  await picture('clips-compare-light')
  expect(complaints).toEqual([])
})
