import { z } from 'zod'

/**
 * The settings of a run. Names are Hugging Face's (transformers' TrainingArguments, peft's LoraConfig) wherever one
 * exists. This table is the only place that knows a setting's type, default, help and group: CONFIG.json, the New run
 * form, the configuration diff and the record all derive from it.
 */

export const tasks = [
  'text-classification',
  'text-generation',
  'fill-mask',
  'text-regression',
  'token-classification',
  'question-answering',
  'image-classification',
  'audio-classification',
  'automatic-speech-recognition',
  'chat',
  'preference',
  'text2text-generation',
  'decision-making',
  'image-text-to-text',
] as const
export const taskSchema = z.enum(tasks)
export type TaskName = z.infer<typeof taskSchema>

/** What a person reads. */
export const taskTitles: Readonly<Record<TaskName, string>> = {
  'text-classification': 'Text classification',
  'text-generation': 'Text generation',
  'fill-mask': 'Masked words',
  'text-regression': 'Text regression',
  'token-classification': 'Token classification',
  'question-answering': 'Question answering',
  'image-classification': 'Image classification',
  'audio-classification': 'Audio classification',
  'automatic-speech-recognition': 'Speech recognition',
  chat: 'Instructions and chats',
  preference: 'Preferences (DPO)',
  'decision-making': 'Decisions from trajectories',
  'image-text-to-text': 'Image, state and text',
  'text2text-generation': 'Text to text',
}

/** Tasks of language models: their runs write text, and have no head to train alone. */
export const writingTasks: readonly TaskName[] = ['text-generation', 'chat', 'preference']
/** Of these, the ones that answer to what a person says, by a chat template. */
export const answeringTasks: readonly TaskName[] = ['chat', 'preference']

export const methods = ['full', 'lora', 'head', 'none'] as const
export const methodSchema = z.enum(methods)
export type Method = z.infer<typeof methodSchema>

/** Tasks of encoder–decoders that read texts: their runs make another text out of each. */
export const outputTasks: readonly TaskName[] = ['text2text-generation']

/** Tasks whose models have nothing on top that could be trained alone: what reads tokens out is part of them. */
export const headlessTasks: readonly TaskName[] = [
  ...[...writingTasks, ...outputTasks],
  ...(['automatic-speech-recognition', 'decision-making'] as const),
]

/** What a person reads. */
export const methodTitles: Readonly<Record<Method, string>> = {
  full: 'Full',
  lora: 'LoRA',
  head: 'Head only',
  none: 'No training',
}

const positiveInt = z.number().int().min(1)
const fraction = z.number().min(0).max(1)

const shape = {
  model: z.string().min(1),
  dataset: z.string().min(1),
  /** Decided by the dataset when left out. */
  task: taskSchema.optional(),
  name: z.string().trim().min(1).max(200).optional(),
  method: methodSchema.default('full'),
  seed: z.number().int().min(0).max(2147483647).default(42),
  max_length: z.number().int().min(8).max(4096).default(128),
  /** Text to text: tokens kept of each output; max_length when left out. */
  max_target_length: z.number().int().min(4).max(4096).optional(),
  /** Text to text: written in front of each input, as T5 was trained with ("translate English to German: "). */
  source_prefix: z.string().max(1000).default(''),
  /** Text generation and chats: short texts share a row, each blind to the others, so that hardly any of it is padding. */
  packing: z.boolean().default(true),
  /** Masked words: the share of a text's tokens that are to be guessed. */
  mlm_probability: z.number().gt(0).max(0.5).default(0.15),
  /** Image classification: while training, pictures are mirrored at random, moved by so many pixels, made lighter or darker. */
  image_flip: z.boolean().default(false),
  image_shift: z.number().int().min(0).max(512).default(0),
  image_brightness: z.number().min(0).max(1).default(0),
  /** Audio classification and speech recognition: while training, clips begin up to so many ms sooner or later, are up to so
   * many decibels louder or softer, and get noise of up to this share of their loudness. */
  audio_shift: z.number().min(0).max(10_000).default(0),
  audio_gain: z.number().min(0).max(40).default(0),
  audio_noise: z.number().min(0).max(10).default(0),
  /** Decisions: steps of an episode that the model looks back on. */
  context_length: positiveInt.max(1000).default(20),
  /** Decisions: the return that an episode is begun with; the best of the training rows when left out. */
  target_return: z.number().optional(),
  /** auto: what a short calibration finds faster on this machine; the run's engine says which it was. */
  precision: z.enum(['auto', 'fp32', 'bf16']).default('auto'),
  engine: z.enum(['auto', 'graph', 'eager']).default('auto'),

  learning_rate: z.number().gt(0).max(10).optional(),
  num_train_epochs: z.number().gt(0).max(1000).default(3),
  /** −1: decided by num_train_epochs. */
  max_steps: z.number().int().min(-1).default(-1),
  per_device_train_batch_size: positiveInt.max(1024).default(16),
  per_device_eval_batch_size: positiveInt.max(1024).default(32),
  gradient_accumulation_steps: positiveInt.max(1024).default(1),
  /** Keeps only each layer's input for the backward pass, which computes the rest again. */
  gradient_checkpointing: z.boolean().default(false),
  optim: z.enum(['adamw', 'adafactor', 'sgd']).default('adamw'),
  lr_scheduler_type: z.enum(['linear', 'cosine', 'constant']).default('linear'),
  warmup_ratio: fraction.default(0.1),
  weight_decay: z.number().min(0).max(1).default(0.01),
  max_grad_norm: z.number().min(0).max(1000).default(1),
  adam_beta1: fraction.default(0.9),
  adam_beta2: fraction.default(0.999),
  adam_epsilon: z.number().gt(0).max(1).default(1e-8),
  label_smoothing_factor: z.number().min(0).max(0.9).default(0),
  /** Preferences: how much the log-probability of an answer counts, and by which loss (see tasks/preference.ts). */
  dpo_beta: z.number().gt(0).max(100).default(0.1),
  dpo_loss_type: z.enum(['sigmoid', 'ipo']).default('sigmoid'),
  /** Classification without training: see contract/prompts.ts. Empty: by the head as it is. */
  prompt_template: z.string().max(2000).default('{text}\n\nCategory: {label}'),
  few_shot_examples: z.number().int().min(0).max(64).default(0),
  /** The embeddings and so many of the lowest layers stay as they are. */
  num_frozen_layers: z.number().int().min(0).max(1000).default(0),
  /** Overrides hidden_dropout_prob and attention_probs_dropout_prob of the model's config.json. */
  dropout: z.number().min(0).max(0.9).optional(),

  lora_r: positiveInt.max(1024).default(8),
  lora_alpha: z.number().gt(0).max(4096).default(16),
  lora_dropout: z.number().min(0).max(0.9).default(0),
  /** Decided by the model's architecture when left out. */
  target_modules: z.array(z.string().min(1)).min(1).optional(),

  validation_split: z.number().gt(0).lt(1).default(0.2),
  split_seed: z.number().int().min(0).max(2147483647).default(42),
  /** Of the training rows that the split leaves; a smaller share lies within a larger one. */
  train_share: z.number().gt(0).max(1).default(1),
  max_train_samples: positiveInt.optional(),
  max_eval_samples: positiveInt.optional(),
  /** Text to text: validation rows whose outputs an evaluation writes; the losses are of all rows. */
  generation_max_samples: positiveInt.default(200),
  /** Chats: conversations whose last answer an evaluation writes. */
  written_answers: z.number().int().min(0).max(1000).default(8),
  generation_num_beams: positiveInt.max(4).default(1),
  logging_steps: positiveInt.default(1),
  /** In optimizer steps; 0 means once an epoch. */
  eval_steps: z.number().int().min(0).default(0),
  /** In optimizer steps; 0 saves where it evaluates. */
  save_steps: z.number().int().min(0).default(0),
  /** Wall-clock minutes after which a checkpoint is written in any case; 0 leaves it to steps. */
  save_minutes: z.number().min(0).max(1440).default(5),
  /** Checkpoints kept beside the best one, the newest first. */
  save_total_limit: positiveInt.max(100).default(1),
  /** 1 MB is 10⁶ bytes. The best checkpoint and the newest stay, whatever they take. */
  save_total_megabytes: positiveInt.max(100_000_000).optional(),
  /** Evaluations without improvement after which the run ends; 0 never ends early. */
  early_stopping_patience: z.number().int().min(0).max(1000).default(0),
  early_stopping_threshold: z.number().min(0).max(10).default(0),
  metric_for_best_model: z
    .enum([
      'eval/loss',
      'eval/accuracy',
      'eval/f1',
      'eval/token_accuracy',
      'eval/rmse',
      'eval/pearson',
      'eval/spearman',
      'eval/entity_f1',
      'eval/exact_match',
      'eval/answer_f1',
      'eval/reward_accuracy',
      'eval/reward_margin',
      'eval/bleu',
      'eval/chrf',
      'eval/wer',
      'eval/cer',
      'eval/return',
      'eval/success',
    ])
    .default('eval/loss'),
}

/** What a person writes: CONFIG.json or the form. Unknown keys are refused. */
export const runConfigInputSchema = z.strictObject(shape)
export type RunConfigInput = z.input<typeof runConfigInputSchema>

/** Defaults for learning_rate when none is given: LoRA and head-only want a far larger rate than full fine-tuning. */
export const defaultLearningRate: Record<Method, number> = { full: 5e-5, lora: 1e-3, head: 1e-3, none: 5e-5 }

/** What a run records: every setting decided. `model` and `dataset` are ids here. */
export const runConfigSchema = z.strictObject({
  ...shape,
  task: taskSchema.default('text-classification'),
  target_modules: z.array(z.string().min(1)).min(1).default(['query', 'value']),
  learning_rate: z.number(),
})
export type RunConfig = z.output<typeof runConfigSchema>

/** Some settings, to stand in place of others. What is absent stays so: defaults are not filled in. */
export const someSettingsSchema = z.strictObject(
  Object.fromEntries(Object.entries(runConfigSchema.shape).map(([name, field]) => [name, withoutDefault(field)])),
) as z.ZodType<Partial<RunConfig>>

function withoutDefault(field: z.ZodType): z.ZodType {
  return (field instanceof z.ZodDefault ? (field.unwrap() as z.ZodType) : field).optional()
}

export const settingNames = Object.keys(shape) as (keyof typeof shape)[]
export type SettingName = keyof typeof shape

export interface SettingInfo {
  readonly name: SettingName
  /** What the form calls it. */
  readonly label: string
  /** One line under the field. */
  readonly help: string
  readonly level: 'basic' | 'advanced'
  readonly group: 'data' | 'training' | 'optimizer' | 'lora' | 'evaluation' | 'engine'
  /** Only shown for these methods; everywhere when absent. */
  readonly methods?: readonly Method[]
  /** Only shown for these tasks; everywhere when absent. */
  readonly tasks?: readonly TaskName[]
}

/** What says how something is trained. */
const trainingOnly: readonly SettingInfo['group'][] = ['optimizer', 'lora']
const trainingNames: readonly SettingName[] = [
  ...(['num_train_epochs', 'per_device_train_batch_size', 'dropout', 'label_smoothing_factor', 'max_steps'] as const),
  ...(['num_frozen_layers', 'gradient_accumulation_steps', 'gradient_checkpointing', 'eval_steps'] as const),
  ...(['metric_for_best_model', 'early_stopping_patience', 'early_stopping_threshold', 'save_steps'] as const),
  ...(['save_minutes', 'save_total_limit', 'save_total_megabytes', 'logging_steps'] as const),
]

/** Whether a setting has a say in a run of this method and task. */
export function concerns(
  { name, group, methods, tasks }: SettingInfo,
  run: { method: Method; task: TaskName },
): boolean {
  const idle = run.method === 'none' && (trainingOnly.includes(group) || trainingNames.includes(name))
  if (name === 'max_length' && !hasLength(run.task)) return false
  return !idle && (methods?.includes(run.method) ?? true) && (tasks?.includes(run.task) ?? true)
}

/** Tasks whose rows are no sequences of tokens. */
const wholeInputs: readonly TaskName[] = ['image-classification', 'audio-classification', 'decision-making']

/** Whether max_length has a say in a task: whether its rows are sequences of tokens. */
export function hasLength(task: TaskName): boolean {
  return !wholeInputs.includes(task)
}

/** In the order of the form. `model`, `dataset`, `task` and `method` are picked, not typed, and are not listed. */
export const settingInfos: readonly SettingInfo[] = [
  {
    name: 'name',
    label: 'Run name',
    help: 'Left empty, a readable name is made up.',
    level: 'basic',
    group: 'training',
  },
  {
    name: 'num_train_epochs',
    label: 'Epochs',
    help: 'How often the training rows are gone through. Two to four suit most fine-tuning.',
    level: 'basic',
    group: 'training',
  },
  {
    name: 'learning_rate',
    label: 'Learning rate',
    help: 'Peak step size. About 5e-5 for full fine-tuning, 1e-3 for LoRA and head only.',
    level: 'basic',
    group: 'optimizer',
  },
  {
    name: 'per_device_train_batch_size',
    label: 'Batch size',
    help: 'Rows per optimizer step. Larger is steadier and needs more memory.',
    level: 'basic',
    group: 'training',
  },
  {
    name: 'max_length',
    label: 'Max length',
    help: 'Tokens kept of each row; longer rows are cut. Time and memory grow with it.',
    level: 'basic',
    group: 'data',
    tasks: tasks.filter((task) => !wholeInputs.includes(task)),
  },
  {
    name: 'max_target_length',
    label: 'Max output length',
    help: 'Tokens kept of each output; longer ones are cut. Left empty, as many as of inputs.',
    level: 'basic',
    group: 'data',
    tasks: ['text2text-generation'],
  },
  {
    name: 'lora_r',
    label: 'LoRA rank (r)',
    help: 'Width of the trained low-rank matrices. 8 or 16 is usual.',
    level: 'basic',
    group: 'lora',
    methods: ['lora'],
  },
  {
    name: 'seed',
    label: 'Seed',
    help: 'Fixes initial head, shuffling and dropout. Same seed, same curve.',
    level: 'basic',
    group: 'training',
  },
  {
    name: 'lora_alpha',
    label: 'LoRA alpha',
    help: 'The low-rank update is scaled by alpha / r.',
    level: 'advanced',
    group: 'lora',
    methods: ['lora'],
  },
  {
    name: 'lora_dropout',
    label: 'LoRA dropout',
    help: 'Dropout on the input of the low-rank path while training.',
    level: 'advanced',
    group: 'lora',
    methods: ['lora'],
  },
  {
    name: 'target_modules',
    label: 'Target modules',
    help: 'Linear layers that get an adapter, by the end of their name.',
    level: 'advanced',
    group: 'lora',
    methods: ['lora'],
  },
  {
    name: 'optim',
    label: 'Optimizer',
    help: 'AdamW suits nearly everything and keeps two numbers a weight; SGD keeps one, Adafactor hardly any.',
    level: 'advanced',
    group: 'optimizer',
  },
  {
    name: 'lr_scheduler_type',
    label: 'Schedule',
    help: 'How the learning rate falls after warm-up.',
    level: 'advanced',
    group: 'optimizer',
  },
  {
    name: 'warmup_ratio',
    label: 'Warm-up ratio',
    help: 'Share of all steps over which the rate rises from zero.',
    level: 'advanced',
    group: 'optimizer',
  },
  {
    name: 'weight_decay',
    label: 'Weight decay',
    help: 'How much weights shrink beside each step; not applied to biases and layer norms.',
    level: 'advanced',
    group: 'optimizer',
  },
  {
    name: 'max_grad_norm',
    label: 'Max gradient norm',
    help: 'Gradients are scaled down to this global norm. 0 turns clipping off.',
    level: 'advanced',
    group: 'optimizer',
  },
  {
    name: 'adam_beta1',
    label: 'Adam beta 1',
    help: 'Decay of the first moment.',
    level: 'advanced',
    group: 'optimizer',
  },
  {
    name: 'adam_beta2',
    label: 'Adam beta 2',
    help: 'Decay of the second moment.',
    level: 'advanced',
    group: 'optimizer',
  },
  {
    name: 'adam_epsilon',
    label: 'Adam epsilon',
    help: 'Added to the denominator of the update.',
    level: 'advanced',
    group: 'optimizer',
  },
  {
    name: 'dropout',
    label: 'Dropout',
    help: "Left empty, the model's own value is used.",
    level: 'advanced',
    group: 'training',
  },
  {
    name: 'label_smoothing_factor',
    label: 'Label smoothing',
    help: 'Share of the target spread over all classes; 0.1 is usual where labels are noisy.',
    level: 'advanced',
    group: 'training',
  },
  {
    name: 'prompt_template',
    label: 'Prompt',
    help: 'How a language model is asked: {text} is the text, {label} where it is to go on ({mask} for BERT and its like, which fill in words). Empty: its head is asked.',
    level: 'basic',
    group: 'evaluation',
    methods: ['none'],
    tasks: ['text-classification'],
  },
  {
    name: 'few_shot_examples',
    label: 'Worked examples',
    help: 'Training rows with their labels in front of each prompt, classes in turn; 0 shows none.',
    level: 'basic',
    group: 'evaluation',
    methods: ['none'],
    tasks: ['text-classification'],
  },
  {
    name: 'dpo_beta',
    label: 'DPO beta',
    help: 'How strongly the model is held to the one that it began as: 0.1 is usual, less lets it go further.',
    level: 'basic',
    group: 'training',
    tasks: ['preference'],
  },
  {
    name: 'dpo_loss_type',
    label: 'Preference loss',
    help: 'sigmoid is DPO; ipo aims at a fixed margin and overfits less where preferences are certain.',
    level: 'advanced',
    group: 'training',
    tasks: ['preference'],
  },
  {
    name: 'num_frozen_layers',
    label: 'Frozen layers',
    help: 'The embeddings and so many of the lowest layers keep their weights.',
    level: 'advanced',
    group: 'training',
  },
  {
    name: 'gradient_accumulation_steps',
    label: 'Gradient accumulation',
    help: 'Batches added up for one optimizer step: a large batch in the memory of a small one.',
    level: 'advanced',
    group: 'training',
  },
  {
    name: 'gradient_checkpointing',
    label: 'Recompute activations',
    help: 'Each layer is computed again in the backward pass: far less memory for long rows, about a third more time.',
    level: 'advanced',
    group: 'training',
  },
  {
    name: 'max_steps',
    label: 'Max steps',
    help: 'Stops after so many optimizer steps; −1 leaves it to the epochs.',
    level: 'advanced',
    group: 'training',
  },
  {
    name: 'source_prefix',
    label: 'Input prefix',
    help: 'Written in front of each input, as T5 wants it: "translate English to German: ".',
    level: 'advanced',
    group: 'data',
    tasks: ['text2text-generation'],
  },
  {
    name: 'packing',
    label: 'Packing',
    help: 'Short texts share a row, each blind to the others: hardly any padding is computed.',
    level: 'advanced',
    group: 'data',
    tasks: ['text-generation', 'chat'],
  },
  {
    name: 'image_flip',
    label: 'Mirror pictures',
    help: 'Half of them, left to right, drawn anew each epoch. Not where left and right matter.',
    level: 'basic',
    group: 'data',
    tasks: ['image-classification'],
  },
  {
    name: 'image_shift',
    label: 'Move pictures by (pixels)',
    help: 'At most so far to each side, drawn anew each epoch; 0 leaves them in place.',
    level: 'basic',
    group: 'data',
    tasks: ['image-classification'],
  },
  {
    name: 'image_brightness',
    label: 'Vary brightness',
    help: '0.2 makes pictures up to a fifth lighter or darker, drawn anew each epoch.',
    level: 'advanced',
    group: 'data',
    tasks: ['image-classification'],
  },
  {
    name: 'audio_shift',
    label: 'Shift clips by (ms)',
    help: 'They begin at most so much sooner or later, drawn anew each epoch; 0 leaves them as they are.',
    level: 'basic',
    group: 'data',
    tasks: ['audio-classification', 'automatic-speech-recognition'],
  },
  {
    name: 'audio_noise',
    label: 'Noise in clips',
    help: '0.1 adds noise of up to a tenth of a clip’s loudness, drawn anew each epoch.',
    level: 'basic',
    group: 'data',
    tasks: ['audio-classification', 'automatic-speech-recognition'],
  },
  {
    name: 'audio_gain',
    label: 'Vary loudness (dB)',
    help: 'Clips are up to so many decibels louder or softer, drawn anew each epoch.',
    level: 'advanced',
    group: 'data',
    tasks: ['audio-classification', 'automatic-speech-recognition'],
  },
  {
    name: 'context_length',
    label: 'Context length',
    help: 'Steps of an episode that the model looks back on.',
    level: 'basic',
    group: 'data',
    tasks: ['decision-making'],
  },
  {
    name: 'target_return',
    label: 'Target return',
    help: 'What an episode that is tried out is to come to. Empty: the best return in the training rows.',
    level: 'advanced',
    group: 'evaluation',
    tasks: ['decision-making'],
  },
  {
    name: 'mlm_probability',
    label: 'Masked share',
    help: 'Tokens of a text that are to be guessed: 0.15 is usual.',
    level: 'advanced',
    group: 'data',
    tasks: ['fill-mask'],
  },
  {
    name: 'validation_split',
    label: 'Validation share',
    help: 'Share of rows held out, drawn per class.',
    level: 'advanced',
    group: 'data',
  },
  {
    name: 'split_seed',
    label: 'Split seed',
    help: 'Runs with the same split seed are judged on the same rows.',
    level: 'advanced',
    group: 'data',
  },
  {
    name: 'train_share',
    label: 'Share of training rows',
    help: 'As if there were fewer: 0.1 uses a tenth of each class, which lies within what 0.5 uses.',
    level: 'advanced',
    group: 'data',
  },
  {
    name: 'max_train_samples',
    label: 'Max training rows',
    help: 'Use at most so many training rows; empty uses all.',
    level: 'advanced',
    group: 'data',
  },
  {
    name: 'max_eval_samples',
    label: 'Max validation rows',
    help: 'Use at most so many validation rows; empty uses all.',
    level: 'advanced',
    group: 'data',
  },
  {
    name: 'generation_max_samples',
    label: 'Outputs written',
    help: 'Validation rows whose outputs an evaluation writes and scores. More are steadier and take longer.',
    level: 'advanced',
    group: 'evaluation',
    tasks: ['text2text-generation', 'automatic-speech-recognition'],
  },
  {
    name: 'written_answers',
    label: 'Answers written',
    help: 'Validation conversations whose last answer an evaluation writes, to be read and compared; 0 writes none.',
    level: 'advanced',
    group: 'evaluation',
    tasks: ['chat'],
  },
  {
    name: 'generation_num_beams',
    label: 'Beams',
    help: 'Outputs that are followed at once while writing; 1 takes the likeliest token each time.',
    level: 'advanced',
    group: 'evaluation',
    tasks: ['text2text-generation', 'automatic-speech-recognition'],
  },
  {
    name: 'eval_steps',
    label: 'Evaluate every',
    help: 'Optimizer steps between evaluations; 0 evaluates once an epoch.',
    level: 'advanced',
    group: 'evaluation',
  },
  {
    name: 'metric_for_best_model',
    label: 'Best checkpoint by',
    help: 'The evaluation metric that decides which checkpoint is best.',
    level: 'advanced',
    group: 'evaluation',
  },
  {
    name: 'early_stopping_patience',
    label: 'Early stopping',
    help: 'Evaluations without improvement after which the run ends; 0 never ends early.',
    level: 'advanced',
    group: 'evaluation',
  },
  {
    name: 'early_stopping_threshold',
    label: 'Early stopping threshold',
    help: 'How much better counts as an improvement.',
    level: 'advanced',
    group: 'evaluation',
  },
  {
    name: 'save_steps',
    label: 'Save every',
    help: 'Optimizer steps between checkpoints that a run can go on from; 0 saves where it evaluates.',
    level: 'advanced',
    group: 'evaluation',
  },
  {
    name: 'save_minutes',
    label: 'Save at least every (minutes)',
    help: 'At most so much work is lost should the machine fail; 0 saves by steps only.',
    level: 'advanced',
    group: 'evaluation',
  },
  {
    name: 'save_total_limit',
    label: 'Checkpoints kept',
    help: 'Beside the best one, the newest first.',
    level: 'advanced',
    group: 'evaluation',
  },
  {
    name: 'save_total_megabytes',
    label: 'Checkpoint budget',
    help: 'Megabytes that they may take; the oldest go, the best and the newest never. Empty: no budget.',
    level: 'advanced',
    group: 'evaluation',
  },
  {
    name: 'per_device_eval_batch_size',
    label: 'Evaluation batch size',
    help: 'Rows per evaluation step.',
    level: 'advanced',
    group: 'evaluation',
  },
  {
    name: 'logging_steps',
    label: 'Log every',
    help: 'Optimizer steps between points on the training curves.',
    level: 'advanced',
    group: 'evaluation',
  },
  {
    name: 'precision',
    label: 'Precision',
    help: 'Number format of the matrix products.',
    level: 'advanced',
    group: 'engine',
  },
  {
    name: 'engine',
    label: 'Engine',
    help: 'Graph is the fast one; eager runs the same program operation by operation.',
    level: 'advanced',
    group: 'engine',
  },
]
