import type { TaskName } from './settings.ts'

/**
 * What a dataset holds of each row, by task: its parts, each taken from a column of the imported file. Every row has a
 * text, which is what is read first and searched; `label` is a class.
 */
export interface RoleInfo {
  /** Its key in a mapping and in a row. */
  readonly name: string
  /** What the import form calls it. */
  readonly title: string
  /** One line under the field. */
  readonly help: string
  /** What such a column is usually called, likeliest first. */
  readonly columns: readonly string[]
  /** A row does without it. */
  readonly optional?: true
}

const text: RoleInfo = {
  name: 'text',
  title: 'Text column',
  help: 'What the model reads.',
  columns: ['text', 'message', 'sentence', 'content', 'body', 'review', 'comment', 'document', 'email', 'tweet'],
}

const label: RoleInfo = {
  name: 'label',
  title: 'Label column',
  help: 'What it learns to say.',
  columns: ['label', 'labels', 'class', 'category', 'target', 'sentiment', 'spam', 'intent', 'topic', 'tag'],
}

export const taskRoles: Readonly<Record<TaskName, readonly RoleInfo[]>> = {
  'text-classification': [text, label],
  'text-generation': [{ ...text, columns: [...text.columns, 'story'] }],
  'fill-mask': [{ ...text, columns: [...text.columns, 'story'] }],
  'text-regression': [
    text,
    {
      name: 'value',
      title: 'Number column',
      help: 'What it learns to estimate.',
      columns: ['value', 'score', 'rating', 'stars', 'points', 'grade', 'similarity', 'price', 'target', 'label'],
    },
  ],
  'token-classification': [
    {
      name: 'text',
      title: 'Words column',
      help: 'A list of words, or words with spaces between.',
      columns: ['tokens', 'words', ...text.columns],
    },
    {
      name: 'tags',
      title: 'Tags column',
      help: 'One tag a word, as a list or with spaces between: B-PER I-PER O.',
      columns: ['tags', 'ner_tags', 'pos_tags', 'labels', 'label', 'tag', 'ner', 'pos', 'chunk_tags'],
    },
  ],
  'question-answering': [
    {
      name: 'text',
      title: 'Context column',
      help: 'The text that the answer stands in.',
      columns: ['context', 'passage', 'paragraph', 'article', ...text.columns],
    },
    {
      name: 'question',
      title: 'Question column',
      help: 'What is asked of it.',
      columns: ['question', 'query', 'q'],
    },
    {
      name: 'answer',
      title: 'Answer column',
      help: 'As it stands in the context, word for word.',
      columns: ['answer', 'answers', 'answer_text', 'span', 'a'],
    },
    {
      name: 'answer_start',
      title: 'Answer start column',
      help: 'The character that it begins with, from 0. Without it, the first place counts.',
      columns: ['answer_start', 'start'],
      optional: true,
    },
  ],
}

/** Whether the rows of a task have a class each. */
export function isLabelled(task: TaskName): boolean {
  return taskRoles[task].some(({ name }) => name === label.name)
}

/** Whether classes are learnt, one a row or one a word: their names are counted at the import. */
export function hasClasses(task: TaskName): boolean {
  return isLabelled(task) || task === 'token-classification'
}
