import { expect, test } from 'vitest'
import { AttuneError } from '../../../core/contract/errors.ts'
import type { Client } from '../../../renderer/client/client.ts'
import { Asking, type Question } from '../../../renderer/features/runs/asking.ts'

const file = new File(['…'], 'mine.png')
const about = (of: File | null): Question => ({ checkpoint: 'best', fields: {}, file: of })
const answer = { labels: ['a', 'b'], predictions: [{ label: 'a', scores: [1, 0] }] }

/** A run's weights at the other end of a wire: what came to them, in its order. `answer` and `receive` are theirs. */
function other({ predict = async (): Promise<unknown> => answer, receive = async () => {} } = {}) {
  const heard: string[] = []
  let received = 0
  const client = {
    async call(method: string, input: { readonly files?: readonly unknown[]; readonly task?: string }) {
      heard.push(method === 'runs.predict' ? `predict ${input.files?.[0] ?? 'nothing'}` : `cancel ${input.task}`)
      return method === 'runs.predict' ? predict() : {}
    },
    async upload({ name }: File) {
      heard.push(`upload ${name}`)
      await receive()
      return `handle ${++received}`
    },
  }
  return { heard, asking: new Asking(client as unknown as Client, 'run') }
}

const never = new AbortController().signal

test('a file is sent once, and again where its handle is no longer known', async () => {
  let gone = ''
  const { heard, asking } = other({
    async predict() {
      const handle = heard.at(-1)?.replace('predict ', '')
      if (handle !== gone) return answer
      throw new AttuneError('not_found', 'The file is no longer at hand.', { handle })
    },
  })
  const answered = await asking.ask(about(file), 'a', never)
  expect(answered).toEqual({ question: about(file), labels: ['a', 'b'], prediction: answer.predictions[0] })
  await asking.ask(about(file), 'b', never)
  expect(heard.splice(0)).toEqual(['upload mine.png', 'predict handle 1', 'predict handle 1'])
  gone = 'handle 1'
  await asking.ask(about(file), 'c', never)
  expect(heard.splice(0)).toEqual(['predict handle 1', 'upload mine.png', 'predict handle 2'])
  gone = 'handle 2'
  await asking.ask(about(null), 'd', never)
  expect(heard).toEqual(['predict nothing'])
})

test('what else fails is not tried twice, and a file that was not sent is sent the next time', async () => {
  const broken = other({
    predict: () => Promise.reject(new AttuneError('not_found', 'There is no run.', { id: 'run' })),
  })
  await expect(broken.asking.ask(about(file), 'a', never)).rejects.toThrow('There is no run.')
  expect(broken.heard).toEqual(['upload mine.png', 'predict handle 1'])

  let fails = true
  const lost = other({
    async receive() {
      if (fails) throw new AttuneError('unreachable', 'Nobody is there.')
    },
  })
  await expect(lost.asking.ask(about(file), 'a', never)).rejects.toThrow('Nobody is there.')
  fails = false
  await lost.asking.ask(about(file), 'b', never)
  expect(lost.heard).toEqual(['upload mine.png', 'upload mine.png', 'predict handle 1'])
})

test('a file that is too large is not sent', async () => {
  const { heard, asking } = other()
  const large = new File([], 'large.wav')
  Object.defineProperty(large, 'size', { value: 2 ** 27 })
  await expect(asking.ask(about(large), 'a', never)).rejects.toMatchObject({
    code: 'bad_file',
    message: 'large.wav has 134217728 bytes; the most that a file may have is 67108864.',
  })
  expect(heard).toEqual([])
})

test('cancelled while its file is on the way, a question is not put', async () => {
  const { promise: received, resolve } = Promise.withResolvers<void>()
  const { heard, asking } = other({ receive: () => received })
  const abort = new AbortController()
  const asked = asking.ask(about(file), 'a', abort.signal)
  abort.abort()
  await expect(asked).rejects.toMatchObject({ code: 'stopped' })
  resolve()
  // The file that has arrived is used by the next question, and the first one has not been put by then.
  await asking.ask(about(file), 'b', never)
  expect(heard).toEqual(['upload mine.png', 'predict handle 1'])
})

test('cancelled later, the prediction is', async () => {
  const { heard, asking } = other({ predict: () => new Promise(() => {}) })
  const abort = new AbortController()
  const asked = asking.ask(about(null), 'a', abort.signal)
  abort.abort()
  await expect(asked).rejects.toMatchObject({ code: 'stopped' })
  expect(heard).toEqual(['predict nothing', 'cancel a'])
})
