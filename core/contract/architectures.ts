import type { TaskName } from './settings.ts'

/**
 * What there is to know of a model_type beside what it computes (models/<model_type>.ts): what it can be trained for, and
 * how its checkpoints are laid out. A model is added by its file and one entry here.
 */
export interface ArchitectureInfo {
  readonly tasks: readonly TaskName[]
  /** The layers that LoRA usually adapts, as peft chooses them. */
  readonly targetModules: readonly string[]
  /** What config.json calls the fields that most models have; null for what this one has not. */
  readonly fields: Readonly<Record<keyof typeof usualFields, string | null>>
  /** Whether it reads or writes text, and so comes with a tokenizer; it does where this is absent. */
  readonly tokenizer?: false
  /** The first position is the one after the padding token's id: so many fewer there are for tokens. */
  readonly positionsAfterPadding?: true
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
  /** The embeddings of tokens, by the end of their name; null where it has none. */
  readonly embeddings: string | null
  /** The number of a layer in a tensor's name, where it is not "layer.0." or "h.0."; null where names have none. */
  readonly layer?: RegExp | null
  /** What transformers calls the model of each task: "architectures" in config.json. */
  readonly classes: Readonly<Partial<Record<TaskName, string>>>
}

const usualFields = {
  vocabSize: 'vocab_size',
  hiddenSize: 'hidden_size',
  layers: 'num_hidden_layers',
  heads: 'num_attention_heads',
  maxPositions: 'max_position_embeddings',
}

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
    classes: encoderClasses('DistilBert'),
  },
}

const gpt2: ArchitectureInfo = {
  tasks: ['text-generation'],
  targetModules: ['c_attn'],
  fields: { ...usualFields, hiddenSize: 'n_embd', layers: 'n_layer', heads: 'n_head', maxPositions: 'n_positions' },
  checkpoint: {
    trunk: 'transformer.',
    top: /^lm_head\./,
    left: /\.attn\.(?:masked_)?bias$/,
    embeddings: 'wte.weight',
    classes: { 'text-generation': 'GPT2LMHeadModel' },
  },
}

const likeLlama = (className: string): ArchitectureInfo => ({
  tasks: ['text-generation'],
  targetModules: ['q_proj', 'v_proj'],
  fields: usualFields,
  checkpoint: {
    trunk: 'model.',
    top: /^lm_head\./,
    left: /rotary_emb\.inv_freq$/,
    embeddings: 'embed_tokens.weight',
    classes: { 'text-generation': className },
  },
})

/** By the checkpoint's model_type. */
export const architectureInfos: Readonly<Record<string, ArchitectureInfo>> = {
  bert,
  roberta,
  distilbert,
  gpt2,
  llama: likeLlama('LlamaForCausalLM'),
  mistral: likeLlama('MistralForCausalLM'),
  qwen2: likeLlama('Qwen2ForCausalLM'),
  qwen3: likeLlama('Qwen3ForCausalLM'),
}

/** Whether models of an architecture can be trained for a task. */
export function canLearn(architecture: string, task: TaskName): boolean {
  return architectureInfos[architecture]?.tasks.includes(task) ?? false
}

/** The layers that LoRA usually adapts; BERT's where the architecture is not known (yet). */
export function usualTargets(architecture: string | undefined): readonly string[] {
  return (architectureInfos[architecture ?? 'bert'] ?? bert).targetModules
}

/** Whether these are the usual ones of some architecture, and so nobody's choice. */
export function areUsualTargets(targets: readonly string[]): boolean {
  return Object.values(architectureInfos).some(({ targetModules }) => targetModules.join() === targets.join())
}
