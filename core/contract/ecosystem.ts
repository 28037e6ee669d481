import type { TaskName } from './settings.ts'

/** What peft calls the tasks that adapters are trained for here; null for one that it has no name for, as it has for texts alone. */
export const adapterTasks = ['SEQ_CLS', 'CAUSAL_LM', 'SEQ_2_SEQ_LM', 'TOKEN_CLS', 'QUESTION_ANS'] as const
export type AdapterTask = (typeof adapterTasks)[number] | null

/** What Hugging Face's libraries call a task, and how its models are used there. */
export interface TaskNames {
  readonly adapter: AdapterTask
  /** As the hub names it. */
  readonly pipeline: string
  /** transformers' class that loads any model of it. */
  readonly autoModel: string
  /** "A text classification model". */
  readonly purpose: string
  /** What its pipeline is given, as Python. */
  readonly input: string
  /** transformers' classes that make inputs for it out of a folder; AutoTokenizer where this is absent. */
  readonly preparers?: readonly ('AutoTokenizer' | 'AutoImageProcessor' | 'AutoFeatureExtractor')[]
}

const textWriter: TaskNames = {
  adapter: 'CAUSAL_LM',
  pipeline: 'text-generation',
  autoModel: 'AutoModelForCausalLM',
  purpose: 'A text generation model',
  input: '"Some text"',
}

export const taskNames: Readonly<Record<TaskName, TaskNames>> = {
  'text-classification': {
    adapter: 'SEQ_CLS',
    pipeline: 'text-classification',
    autoModel: 'AutoModelForSequenceClassification',
    purpose: 'A text classification model',
    input: '"Some text"',
  },
  'text-generation': textWriter,
  chat: { ...textWriter, purpose: 'A chat model', input: '[{"role": "user", "content": "Some text"}]' },
  preference: { ...textWriter, purpose: 'A chat model', input: '[{"role": "user", "content": "Some text"}]' },
  'decision-making': {
    adapter: null,
    pipeline: 'reinforcement-learning',
    autoModel: 'DecisionTransformerModel',
    purpose: 'A decision transformer',
    input: '',
    preparers: [],
  },
  'text2text-generation': {
    adapter: 'SEQ_2_SEQ_LM',
    pipeline: 'text2text-generation',
    autoModel: 'AutoModelForSeq2SeqLM',
    purpose: 'A text-to-text model',
    input: '"Some text"',
  },
  'automatic-speech-recognition': {
    adapter: null,
    pipeline: 'automatic-speech-recognition',
    autoModel: 'AutoModelForSpeechSeq2Seq',
    purpose: 'A speech recognition model',
    input: '"clip.wav"',
    preparers: ['AutoFeatureExtractor', 'AutoTokenizer'],
  },
  'image-classification': {
    adapter: null,
    pipeline: 'image-classification',
    autoModel: 'AutoModelForImageClassification',
    purpose: 'An image classification model',
    input: '"picture.png"',
    preparers: ['AutoImageProcessor'],
  },
  'audio-classification': {
    adapter: null,
    pipeline: 'audio-classification',
    autoModel: 'AutoModelForAudioClassification',
    purpose: 'An audio classification model',
    input: '"clip.wav"',
    preparers: ['AutoFeatureExtractor'],
  },
  'image-text-to-text': {
    adapter: 'CAUSAL_LM',
    pipeline: 'image-text-to-text',
    autoModel: 'AutoModelForImageTextToText',
    purpose: 'A model that answers to pictures and texts',
    input: '',
  },
  'fill-mask': {
    adapter: null,
    pipeline: 'fill-mask',
    autoModel: 'AutoModelForMaskedLM',
    purpose: 'A masked language model',
    input: 'f"Some {model.tokenizer.mask_token}"',
  },
  'text-regression': {
    adapter: 'SEQ_CLS',
    pipeline: 'text-classification',
    autoModel: 'AutoModelForSequenceClassification',
    purpose: 'A text regression model',
    input: '"Some text", function_to_apply="none"',
  },
  'token-classification': {
    adapter: 'TOKEN_CLS',
    pipeline: 'token-classification',
    autoModel: 'AutoModelForTokenClassification',
    purpose: 'A token classification model',
    input: '"Some text"',
  },
  'question-answering': {
    adapter: 'QUESTION_ANS',
    pipeline: 'question-answering',
    autoModel: 'AutoModelForQuestionAnswering',
    purpose: 'A question answering model',
    input: 'question="What is asked?", context="Some text"',
  },
}

/** What config.json says of a model of a task beside its own fields, as transformers writes it. */
export function modelFields(task: TaskName, labels: readonly string[]): Readonly<Record<string, unknown>> {
  const classes = {
    id2label: Object.fromEntries(labels.entries()),
    label2id: Object.fromEntries(labels.map((label, id) => [label, id])),
  }
  switch (task) {
    case 'text-classification':
    case 'image-classification':
    case 'audio-classification':
      return { ...classes, problem_type: 'single_label_classification' }
    case 'text-regression':
      return { id2label: { 0: 'LABEL_0' }, label2id: { LABEL_0: 0 }, problem_type: 'regression' }
    case 'token-classification':
      return classes
    default:
      return {}
  }
}
