import type { DatasetRow } from '../../contract/domain.ts'
import type { TaskName } from '../../contract/settings.ts'
import { conversationOf, preferenceOf } from '../../contract/turns.ts'
import type { Encoding, Tokenizer } from '../tokenizers/tokenizer.ts'
import { encodeConversation } from './conversation.ts'
import { readChatTemplate } from './template.ts'

/**
 * How the rows of a task become tokens, for whoever looks at them: texts as they are, conversations by the template of the
 * model's folder; of two answers, with the preferred one. Throws AttuneError as readChatTemplate.
 */
export function rowEncoding(
  task: TaskName,
  tokenizer: Tokenizer,
  modelDir: string,
): (row: DatasetRow, maxLength: number) => Encoding {
  if (task !== 'chat' && task !== 'preference') return ({ text }, maxLength) => tokenizer.encode(text, maxLength)
  const reading = { template: readChatTemplate(modelDir), tokenizer }
  return (row, maxLength) => {
    const read = task === 'chat' ? conversationOf(row) : preferenceOf(row)
    if (typeof read === 'string') return tokenizer.encode(row.text, maxLength)
    return encodeConversation('prompt' in read ? [...read.prompt, ...read.chosen] : read, reading, maxLength)
  }
}
