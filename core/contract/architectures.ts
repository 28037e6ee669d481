import type { TaskName } from './settings.ts'

/**
 * What there is to know of a model_type beside what it computes (models/<model_type>.ts): what it can be trained for, and
 * how its checkpoints are laid out. A model is added by its file and one entry here.
 */
export interface ArchitectureInfo {
  readonly tasks: readonly TaskName[]
  /** The layers that LoRA usually adapts, as peft chooses them; none where it adapts none. */
  readonly targetModules: readonly string[]
  /** What config.json calls the fields that most models have. */
  readonly fields: ConfigFields
  /** Whether it reads or writes text, and so comes with a tokenizer; it does where this is absent. Some only for some tasks. */
  readonly tokenizer?: false | 'some'
  /** The first position is the one after the padding token's id: so many fewer there are for tokens. */
  readonly positionsAfterPadding?: true
  /** Which library its checkpoints are for, where that is not transformers. */
  readonly library?: 'pytorch'
  readonly checkpoint: CheckpointNames
}

/** How transformers names the tensors of a checkpoint. */
export interface CheckpointNames {
  /** In front of every name but those of what stands on top; checkpoints of the bare trunk lack it. */
  readonly trunk: string
  readonly top: RegExp
  /** Tensors that are no parameters of any model here. */
  readonly left: RegExp
  /** What only models of a task have, where checkpoints of several tasks differ in it. */
  readonly own?: Readonly<Partial<Record<TaskName, RegExp>>>
  /** The embeddings of tokens, by the end of their name, or the first of these that is there; null where it has none. */
  readonly embeddings: string | readonly string[] | null
  /** Matrices in its layers that are looked up in, and no linear layers. */
  readonly tables?: RegExp
  /** The number of a layer in a parameter's name, where it is not as `usualLayer` says; null where names have none. */
  readonly layer?: RegExp | null
  /** Parts of names that transformers' modules do not share with its checkpoints, and what they are there, one after the other. */
  readonly modules?: readonly (readonly [RegExp, string])[]
  /** What a task's head has once loaded and no checkpoint holds, being another tensor again: by its name, that tensor's. */
  readonly tied?: Readonly<Partial<Record<TaskName, Readonly<Record<string, string>>>>>
  /** What transformers calls the model of each task: "architectures" in config.json. */
  readonly classes: Readonly<Partial<Record<TaskName, string>>>
}

/** The names of fields, by what they say; null for what an architecture has not. */
export interface ConfigFields {
  readonly vocabSize: string | null
  readonly hiddenSize: string | null
  readonly layers: string | null
  readonly heads: string | null
  readonly maxPositions: string | null
  /** Where embeddings can have a width of their own; a checkpoint may leave it out. */
  readonly embeddingSize?: string
}

const usualFields = {
  vocabSize: 'vocab_size',
  hiddenSize: 'hidden_size',
  layers: 'num_hidden_layers',
  heads: 'num_attention_heads',
  maxPositions: 'max_position_embeddings',
}

/** A language model is the same whatever it was trained to write. */
const writerClasses = (name: string): Partial<Record<TaskName, string>> => ({
  'text-generation': name,
  chat: name,
  preference: name,
})

const encoderTasks = [
  'text-classification',
  'fill-mask',
  'text-regression',
  'token-classification',
  'question-answering',
] as const

/** transformers' classes of an encoder: "Bert" → BertForMaskedLM and so on. */
const encoderClasses = (name: string): Partial<Record<TaskName, string>> => ({
  'text-classification': `${name}ForSequenceClassification`,
  'text-regression': `${name}ForSequenceClassification`,
  'fill-mask': `${name}ForMaskedLM`,
  'token-classification': `${name}ForTokenClassification`,
  'question-answering': `${name}ForQuestionAnswering`,
})

/** What an encoder's models have of their own: those that judge a sequence, and those that guess words. */
const ownOf = (sequence: RegExp, words: RegExp): Partial<Record<TaskName, RegExp>> => ({
  'text-classification': sequence,
  'text-regression': sequence,
  'fill-mask': words,
  'token-classification': /^classifier\./,
  'question-answering': /^qa_outputs\./,
})

/** "encoder.layer.3.…", "model.layers.3.…", "h.3.…" */
export const usualLayer = /(?:^|\.)(?:layers?|h)\.(\d+)\./

const bert: ArchitectureInfo = {
  tasks: encoderTasks,
  targetModules: ['query', 'value'],
  fields: usualFields,
  checkpoint: {
    trunk: 'bert.',
    top: /^(?:classifier|cls|qa_outputs)\./,
    left: /position_ids$|^cls\.(?:seq_relationship|predictions\.decoder)\./,
    own: ownOf(/^(?:classifier|bert\.pooler)\./, /^cls\./),
    embeddings: 'embeddings.word_embeddings.weight',
    tied: {
      'fill-mask': {
        'cls.predictions.decoder.weight': 'bert.embeddings.word_embeddings.weight',
        'cls.predictions.decoder.bias': 'cls.predictions.bias',
      },
    },
    classes: encoderClasses('Bert'),
  },
}

const roberta: ArchitectureInfo = {
  tasks: encoderTasks,
  targetModules: ['query', 'value'],
  fields: usualFields,
  positionsAfterPadding: true,
  checkpoint: {
    trunk: 'roberta.',
    top: /^(?:classifier|lm_head|qa_outputs)\./,
    left: /position_ids$|^lm_head\.decoder\.|(?:^|\.)pooler\./,
    own: ownOf(/^classifier\./, /^lm_head\./),
    embeddings: 'embeddings.word_embeddings.weight',
    tied: {
      'fill-mask': {
        'lm_head.decoder.weight': 'roberta.embeddings.word_embeddings.weight',
        'lm_head.decoder.bias': 'lm_head.bias',
      },
    },
    classes: encoderClasses('Roberta'),
  },
}

const distilbert: ArchitectureInfo = {
  tasks: encoderTasks,
  targetModules: ['q_lin', 'v_lin'],
  fields: { ...usualFields, hiddenSize: 'dim', layers: 'n_layers', heads: 'n_heads' },
  checkpoint: {
    trunk: 'distilbert.',
    top: /^(?:pre_classifier|classifier|vocab_\w+|qa_outputs)\./,
    left: /^vocab_projector\.weight$/,
    own: ownOf(/^(?:pre_)?classifier\./, /^vocab_/),
    embeddings: 'embeddings.word_embeddings.weight',
    tied: { 'fill-mask': { 'vocab_projector.weight': 'distilbert.embeddings.word_embeddings.weight' } },
    classes: encoderClasses('DistilBert'),
  },
}

const decoderTasks = ['text-classification', 'text-generation', 'chat', 'preference'] as const

const gpt2: ArchitectureInfo = {
  tasks: decoderTasks,
  targetModules: ['c_attn'],
  fields: { ...usualFields, hiddenSize: 'n_embd', layers: 'n_layer', heads: 'n_head', maxPositions: 'n_positions' },
  checkpoint: {
    trunk: 'transformer.',
    top: /^(?:lm_head|score)\./,
    left: /\.attn\.(?:masked_)?bias$/,
    embeddings: 'wte.weight',
    classes: { 'text-classification': 'GPT2ForSequenceClassification', ...writerClasses('GPT2LMHeadModel') },
  },
}

const decisionTransformer: ArchitectureInfo = {
  tasks: ['decision-making'],
  targetModules: ['c_attn'],
  fields: {
    ...usualFields,
    vocabSize: null,
    layers: 'n_layer',
    heads: 'n_head',
    // It looks back on steps, not tokens: context_length says how many.
    maxPositions: null,
  },
  tokenizer: false,
  checkpoint: {
    trunk: '',
    top: /^predict_/,
    left: /\.attn\.(?:masked_)?bias$/,
    embeddings: null,
    classes: { 'decision-making': 'DecisionTransformerModel' },
  },
}

const palmE: ArchitectureInfo = {
  tasks: ['image-text-to-text'],
  targetModules: ['c_attn'],
  fields: gpt2.fields,
  library: 'pytorch',
  checkpoint: {
    trunk: '',
    top: /^(?:vision|state)/,
    left: /\.attn\.(?:masked_)?bias$/,
    embeddings: 'wte.weight',
    // The encoder of images has layers of its own.
    layer: /\.h\.(\d+)\./,
    classes: { 'image-text-to-text': 'PalmEForConditionalGeneration' },
  },
}

const likeLlama = (className: string): ArchitectureInfo => ({
  tasks: decoderTasks,
  targetModules: ['q_proj', 'v_proj'],
  fields: usualFields,
  checkpoint: {
    trunk: 'model.',
    top: /^(?:lm_head|score)\./,
    left: /rotary_emb\.inv_freq$/,
    embeddings: 'embed_tokens.weight',
    classes: {
      'text-classification': className.replace('ForCausalLM', 'ForSequenceClassification'),
      ...writerClasses(className),
    },
  },
})

const vit: ArchitectureInfo = {
  tasks: ['image-classification'],
  targetModules: ['query', 'value'],
  fields: { ...usualFields, vocabSize: null, maxPositions: null },
  tokenizer: false,
  checkpoint: {
    trunk: 'vit.',
    top: /^classifier\./,
    left: /(?:^|\.)pooler\.|mask_token$|^decoder\./,
    embeddings: null,
    // transformers 5 has other modules than the checkpoints that it reads and writes.
    modules: [
      [/^vit\.encoder\.layer(?=\.)/, 'vit.layers'],
      [/\.attention\.attention\.query(?=\.|$)/, '.attention.q_proj'],
      [/\.attention\.attention\.key(?=\.|$)/, '.attention.k_proj'],
      [/\.attention\.attention\.value(?=\.|$)/, '.attention.v_proj'],
      [/\.attention\.output\.dense(?=\.|$)/, '.attention.o_proj'],
      [/\.intermediate\.dense(?=\.|$)/, '.mlp.fc1'],
      [/\.output\.dense(?=\.|$)/, '.mlp.fc2'],
    ],
    classes: { 'image-classification': 'ViTForImageClassification' },
  },
}

const whisper: ArchitectureInfo = {
  tasks: ['audio-classification', 'automatic-speech-recognition'],
  targetModules: ['q_proj', 'v_proj'],
  fields: {
    ...usualFields,
    hiddenSize: 'd_model',
    layers: 'encoder_layers',
    heads: 'encoder_attention_heads',
    maxPositions: 'max_target_positions',
  },
  tokenizer: 'some',
  checkpoint: {
    trunk: 'model.',
    top: /^(?:projector|classifier)\./,
    left: /^proj_out\./,
    // The encoder alone has none.
    embeddings: null,
    layer: /(?:^|\.)encoder\.layers\.(\d+)\./,
    classes: {
      'audio-classification': 'WhisperForAudioClassification',
      'automatic-speech-recognition': 'WhisperForConditionalGeneration',
    },
  },
}

const recurrent = (className: string): ArchitectureInfo => ({
  tasks: ['text-classification', 'text-generation'],
  library: 'pytorch',
  targetModules: [],
  fields: {
    vocabSize: 'vocab_size',
    hiddenSize: 'hidden_size',
    layers: 'num_hidden_layers',
    heads: null,
    maxPositions: 'max_sequence_length',
    embeddingSize: 'embedding_size',
  },
  checkpoint: {
    trunk: '',
    top: /^(?:classifier|lm_head)\./,
    left: /(?!)/,
    embeddings: 'embedding.weight',
    layer: /\.weight_ih_l(\d+)/,
    classes: {
      'text-classification': `${className}ForSequenceClassification`,
      ...writerClasses(`${className}ForCausalLM`),
    },
  },
})
const marian: ArchitectureInfo = {
  tasks: ['text2text-generation'],
  targetModules: ['q_proj', 'v_proj'],
  fields: { ...usualFields, hiddenSize: 'd_model', layers: 'encoder_layers', heads: 'encoder_attention_heads' },
  checkpoint: {
    trunk: 'model.',
    top: /^final_logits_bias$/,
    left: /embed_positions\.weight$|^lm_head\./,
    embeddings: ['shared.weight', 'encoder.embed_tokens.weight'],
    layer: /(?:^|\.)encoder\.layers\.(\d+)\./,
    classes: { 'text2text-generation': 'MarianMTModel' },
  },
}

const t5: ArchitectureInfo = {
  tasks: ['text2text-generation'],
  targetModules: ['q', 'v'],
  fields: { ...usualFields, hiddenSize: 'd_model', layers: 'num_layers', heads: 'num_heads', maxPositions: null },
  checkpoint: {
    trunk: '',
    top: /^lm_head\./,
    left: /embed_tokens\.weight$|EncDecAttention\.relative_attention_bias/,
    embeddings: 'shared.weight',
    tables: /relative_attention_bias/,
    layer: /^encoder\.block\.(\d+)\./,
    classes: { 'text2text-generation': 'T5ForConditionalGeneration' },
  },
}

/** By the checkpoint's model_type. */
export const architectureInfos: Readonly<Record<string, ArchitectureInfo>> = {
  bert,
  roberta,
  distilbert,
  gpt2,
  decision_transformer: decisionTransformer,
  palm_e: palmE,
  llama: likeLlama('LlamaForCausalLM'),
  mistral: likeLlama('MistralForCausalLM'),
  qwen2: likeLlama('Qwen2ForCausalLM'),
  qwen3: likeLlama('Qwen3ForCausalLM'),
  vit,
  whisper,
  lstm: recurrent('Lstm'),
  gru: recurrent('Gru'),
  marian,
  t5,
}

/** Whether models of an architecture can be trained for a task. */
export function canLearn(architecture: string, task: TaskName): boolean {
  return architectureInfos[architecture]?.tasks.includes(task) ?? false
}

/** Whether LoRA has layers to adapt. */
export function canAdapt(architecture: string): boolean {
  return (architectureInfos[architecture]?.targetModules.length ?? 0) > 0
}

/** The layers that LoRA usually adapts; BERT's where the architecture is not known (yet), or has none. */
export function usualTargets(architecture: string | undefined): readonly string[] {
  const { targetModules } = architectureInfos[architecture ?? 'bert'] ?? bert
  return targetModules.length > 0 ? targetModules : bert.targetModules
}

/** Whether these are the usual ones of some architecture, and so nobody's choice. */
export function areUsualTargets(targets: readonly string[]): boolean {
  return Object.values(architectureInfos).some(({ targetModules }) => targetModules.join() === targets.join())
}
