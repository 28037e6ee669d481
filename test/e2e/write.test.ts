import { cp, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { attune, serveAttune, temporaryHome, trainRuns } from '../support/attune.ts'
import { browse } from '../support/browser.ts'
import { writeFreshModel } from '../support/fresh-model.ts'

const golden = join(import.meta.dirname, '..', 'golden', 'tiny-gpt2')

/** A language model writes in its run's page: several beginnings at once, drawn or not, stopped, and refused in a sentence. */
test('a run writes, is stopped, and says why it cannot', async () => {
  const home = await temporaryHome()
  const model = join(home, 'writer')
  const sizes = { n_embd: 32, n_layer: 2, n_head: 2, n_positions: 4096, vocab_size: 512 }
  await writeFreshModel(model, { model_type: 'gpt2', ...sizes }, 'text-generation')
  for (const file of ['tokenizer.json', 'tokenizer_config.json']) await cp(join(golden, file), join(model, file))
  const texts = join(home, 'texts.csv')
  await writeFile(
    texts,
    `text\n${Array.from({ length: 40 }, (_, i) => `the meeting is at ${i} and the list is long`).join('\n')}\n`,
  )
  await attune(home, 'models', 'add', model, '--name', 'writer')
  await attune(home, 'datasets', 'import', texts, '--task', 'text-generation', '--name', 'texts')
  const [id] = await trainRuns(home, { model: 'writer', dataset: 'texts' }, [{ name: 'prose', max_steps: 2 }])

  const { page, complaints, picture, go } = await browse(await serveAttune(home))
  await go(`/runs/${id}?tab=try`)
  await page.getByRole('textbox', { name: 'Beginning' }).fill('the list')
  await page.getByRole('button', { name: 'Another beginning' }).click()
  await page.getByRole('textbox', { name: 'Beginning 2' }).fill('the meeting')
  await page.getByRole('textbox', { name: 'Tokens at most' }).fill('5')
  await page.getByRole('textbox', { name: 'Beginning 2' }).press('Control+Enter')
  const written = page.getByRole('region', { name: 'What it wrote' })
  const ends = written.getByText('5 tokens; as many tokens as asked for.')
  await ends.nth(1).waitFor()
  const first = await written.textContent()
  expect(first).toMatch(/the list.*the meeting/s)
  await picture('write-light')

  // Drawn, the same seed writes the same, and another one something else.
  const seed = page.getByRole('textbox', { name: 'Seed' })
  expect(await seed.isDisabled()).toBe(true)
  await page.getByRole('switch', { name: 'Draw at random' }).check()
  const drawn = async (number: string) => {
    await seed.fill(number)
    await page.getByRole('button', { name: 'Write', exact: true }).click()
    await page.getByRole('button', { name: 'Cancel' }).waitFor()
    await page.getByRole('button', { name: 'Write', exact: true }).waitFor()
    expect(await ends.count()).toBe(2)
    return written.textContent()
  }
  const texted = [await drawn('1'), await drawn('2'), await drawn('1')]
  expect(texted[2]).toBe(texted[0])
  expect(texted[1]).not.toBe(texted[0])

  await page.getByRole('button', { name: 'Take out beginning 2' }).click()
  await page.getByRole('textbox', { name: 'Tokens at most' }).fill('4000')
  await page.getByRole('button', { name: 'Write', exact: true }).click()
  await written.getByText('Writing …').waitFor()
  await page.getByRole('button', { name: 'Cancel' }).click()
  await written.getByText(/^\d[\d,]* tokens?; cancelled\.$/).waitFor()

  await page.getByRole('textbox', { name: 'Beginning' }).fill('list '.repeat(4200))
  await page.getByRole('button', { name: 'Write', exact: true }).click()
  const alert = page.getByRole('alert')
  await alert.getByText('It could not be written').waitFor()
  expect(await alert.textContent()).toMatch(/has \d+ tokens, but the model reads only 4096. Shorten it.$/)
  await picture('write-error-light')
  expect(complaints).toEqual([])
})
