import { hasLength, type TaskName } from './settings.ts'

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
  /** The column names a file, relative to the table; the row then holds the file itself too. At most one of a task's. */
  readonly file?: 'image' | 'audio'
  /** A row does without it, and so may a file; it is guessed by its name only. */
  readonly optional?: true
  /** What the model is to say, and what such a part is headed by where its answers stand beside it. */
  readonly heading?: string
  /** Beside the text, the model reads it too: whoever asks for a prediction gives it, if it is not optional. */
  readonly reads?: true
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
  heading: 'Label',
  columns: ['label', 'labels', 'class', 'category', 'target', 'sentiment', 'spam', 'intent', 'topic', 'tag'],
}

/** Where pictures and clips are named; the row's text is the name. */
const fileColumns = ['file_name', 'file', 'path', 'filename', 'filepath', 'file_path']
const image: RoleInfo = {
  name: 'text',
  title: 'Picture column',
  help: 'Names the file, as seen from the table.',
  columns: ['image', ...fileColumns, 'picture', 'image_path'],
  file: 'image',
}
const clip: RoleInfo = {
  name: 'text',
  title: 'Clip column',
  help: 'Names the file, as seen from the table.',
  columns: ['audio', ...fileColumns, 'clip', 'wav', 'audio_path'],
  file: 'audio',
}

const chat: readonly RoleInfo[] = [
  {
    name: 'text',
    title: 'Conversation',
    help: 'A list of turns (role, content), or what is asked.',
    columns: ['messages', 'conversations', 'conversation', 'chat', 'instruction', 'prompt', 'question', 'text'],
  },
  {
    name: 'input',
    title: 'Input column',
    help: 'What an instruction is about; may be empty.',
    columns: ['input', 'context'],
    optional: true,
  },
  {
    name: 'output',
    title: 'Answer column',
    help: 'To an instruction; messages have theirs.',
    columns: ['output', 'response', 'answer', 'completion', 'target'],
    heading: 'Answer',
    optional: true,
  },
]

const preference: readonly RoleInfo[] = [
  {
    name: 'text',
    title: 'Prompt column',
    help: 'A text, or a list of turns.',
    columns: ['prompt', 'instruction', 'question', 'input', 'text', 'messages'],
  },
  {
    name: 'chosen',
    title: 'Preferred answer',
    help: 'A text, or turns.',
    columns: ['chosen', 'preferred', 'better', 'accepted'],
    heading: 'Preferred',
  },
  {
    name: 'rejected',
    title: 'Other answer',
    help: 'A text, or turns.',
    columns: ['rejected', 'dispreferred', 'worse'],
  },
]

const target: RoleInfo = {
  name: 'target',
  title: 'Output column',
  help: 'What it learns to write.',
  heading: 'Reference',
  columns: ['target', 'output', 'outputs', 'answer', 'response', 'translation', 'summary', 'phonemes', 'en', 'tgt'],
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
      heading: 'Number',
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
      heading: 'Tags',
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
      reads: true,
      columns: ['question', 'query', 'q'],
    },
    {
      name: 'answer',
      title: 'Answer column',
      help: 'As it stands in the context, word for word.',
      heading: 'Answer',
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
  'image-classification': [image, label],
  'audio-classification': [clip, label],
  'automatic-speech-recognition': [
    clip,
    {
      ...target,
      title: 'Transcript column',
      help: 'What is said, and what it learns to write.',
      columns: ['transcript', 'transcription', 'text', 'sentence', 'target', 'normalized_text', 'words'],
    },
  ],
  'image-text-to-text': [
    {
      ...text,
      title: 'Question column',
      help: 'What is asked or ordered.',
      columns: ['question', 'instruction', 'prompt', 'query', 'text'],
    },
    { ...image, name: 'image', reads: true },
    {
      name: 'answer',
      title: 'Answer column',
      help: 'What it learns to write.',
      heading: 'Answer',
      columns: ['answer', 'answers', 'response', 'output', 'target', 'label'],
    },
    {
      name: 'state',
      title: 'State column',
      help: 'What is known in numbers, a list such as [0.5, 1], for a model that reads one.',
      columns: ['state'],
      optional: true,
      reads: true,
    },
    {
      name: 'scene',
      title: 'Scene column',
      help: 'What the picture shows, for the simulated arm: its orders are then carried out.',
      columns: ['scene'],
      optional: true,
      reads: true,
    },
  ],
  chat,
  preference,
  'decision-making': [
    {
      ...text,
      title: 'Name column',
      help: 'What an episode is known by; its states do.',
      columns: ['name', 'episode', 'title', 'id', 'states', 'observations'],
    },
    {
      name: 'states',
      title: 'States column',
      help: 'Of each step, a list of numbers. Empty: the name column has them.',
      columns: ['states', 'observations', 'obs'],
      optional: true,
    },
    {
      name: 'actions',
      title: 'Actions column',
      help: 'Of each step: the number of a choice, or a list of numbers within −1 and 1.',
      columns: ['actions'],
    },
    { name: 'rewards', title: 'Rewards column', help: 'Of each step, a number.', columns: ['rewards'] },
    {
      name: 'env',
      title: 'Environment column',
      help: 'Where they come from and what is learnt is tried out: grid-world, cart-pole or tic-tac-toe.',
      columns: ['env', 'environment'],
      optional: true,
    },
  ],
  'text2text-generation': [
    {
      ...text,
      title: 'Input column',
      columns: ['source', 'input', 'inputs', 'question', 'src', 'word', ...text.columns],
    },
    target,
  ],
}

/** Whether the rows of a task have a class each. */
export function isLabelled(task: TaskName): boolean {
  return taskRoles[task].some(({ name }) => name === label.name)
}

/** Inputs that are no rows of the data: what is asked of a model that acts. */
const otherInputs: Readonly<Partial<Record<TaskName, readonly RoleInfo[]>>> = {
  'decision-making': [
    {
      name: 'text',
      title: 'Episode',
      help: 'Its number, such as 7; the same number begins in the same way.',
      columns: ['episode', 'seed', 'text'],
    },
    {
      name: 'target_return',
      title: 'Return asked for',
      help: 'Left empty: the one that the run was judged with.',
      columns: ['target_return'],
      optional: true,
      reads: true,
    },
  ],
}

/** What an input of a prediction consists of, its text or the file that it is first. */
export function inputRoles(task: TaskName): readonly RoleInfo[] {
  return otherInputs[task] ?? taskRoles[task].filter(({ name, reads }) => name === text.name || reads)
}

/** What a model of this task reads of an input beside its text. */
export function readBeside(task: TaskName): readonly RoleInfo[] {
  return inputRoles(task).filter(({ name }) => name !== text.name)
}

/** Whether the inputs of a task are files, and their texts the names of these. */
export function readsFilesAlone(task: TaskName): boolean {
  return taskRoles[task].some(({ name, file }) => name === text.name && file !== undefined)
}

/** What the throughput of runs is counted in. */
export const countedThings = ['tokens', 'pictures', 'clips'] as const
export type Counted = (typeof countedThings)[number]

/** What a run of this task counts as its tokens: files that are not told in tokens count as one each. */
export function countedIn(task: TaskName): Counted {
  const media = hasLength(task) ? null : mediaOf(task)
  return media === null ? 'tokens' : ({ image: 'pictures', audio: 'clips' } as const)[media]
}

/** Whether classes are learnt, one a row or one a word: their names are counted at the import. */
export function hasClasses(task: TaskName): boolean {
  return isLabelled(task) || task === 'token-classification'
}

/** What kind of file the rows of a task are about; null where they are texts alone. */
export function mediaOf(task: TaskName): 'image' | 'audio' | null {
  return taskRoles[task].find(({ file }) => file !== undefined)?.file ?? null
}

const mostMediaBytes = 64 * 2 ** 20

/** Why a picture or clip of so many bytes is not taken; null where it is. */
export function mediaSizeProblem(name: string, bytes: number): string | null {
  if (bytes <= mostMediaBytes) return null
  return `${name} has ${bytes} bytes; the most that a file may have is ${mostMediaBytes}.`
}

/** The classes of a run, in the order of their ids; none where its task has none, whatever the data was imported for. */
export function labelsFor(
  task: TaskName,
  { labels }: { readonly labels: readonly { readonly label: string }[] },
): string[] {
  return hasClasses(task) ? labels.map(({ label }) => label) : []
}

/** What a model of this task is to say about a row, if that is one of its parts. */
export function targetOf(task: TaskName): (RoleInfo & { readonly heading: string }) | null {
  const found = taskRoles[task].find(({ heading }) => heading !== undefined)
  return found?.heading === undefined ? null : { ...found, heading: found.heading }
}

/** Tasks whose rows' text is one that a person wrote to be read, and no path, name or list of turns. */
const plainTexts: readonly TaskName[] = [
  ...(['text-classification', 'text-regression', 'text-generation', 'fill-mask'] as const),
  ...(['text2text-generation', 'question-answering'] as const),
]

/** Whether data imported for one task will do for another: learning from texts alone needs nothing else of a row. */
export function suits(data: TaskName, task: TaskName): boolean {
  const needsTextOnly = plainTexts.includes(task) && taskRoles[task].every(({ name }) => name === text.name)
  return data === task || (needsTextOnly && plainTexts.includes(data))
}
