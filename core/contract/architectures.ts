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
  readonly checkpoint: CheckpointNames
}

/** How transformers names the tensors of a checkpoint. */
export interface CheckpointNames {
  /** In front of every name but those of what stands on top; checkpoints of the bare trunk lack it. */
  readonly trunk: string
  readonly top: RegExp
  /** Tensors that are no parameters, and the heads of another training. */
  readonly left: RegExp
  /** The embeddings of tokens, by the end of their name; null where it has none. */
  readonly embeddings: string | null
  /** The number of a layer in a tensor's name, where it is not "layer.0." or "h.0."; null where names have none. */
  readonly layer?: RegExp | null
  /** What transformers calls the model of each of peft's tasks: "architectures" in config.json. */
  readonly classes: Readonly<Partial<Record<AdapterTask, string>>>
}

/** What peft calls the tasks that adapters are trained for here. */
export type AdapterTask = 'SEQ_CLS' | 'CAUSAL_LM'

const usualFields = {
  vocabSize: 'vocab_size',
  hiddenSize: 'hidden_size',
  layers: 'num_hidden_layers',
  heads: 'num_attention_heads',
  maxPositions: 'max_position_embeddings',
}

const bert: ArchitectureInfo = {
  tasks: ['text-classification'],
  targetModules: ['query', 'value'],
  fields: usualFields,
  checkpoint: {
    trunk: 'bert.',
    top: /^classifier\./,
    left: /position_ids$|^cls\./,
    embeddings: 'embeddings.word_embeddings.weight',
    classes: { SEQ_CLS: 'BertForSequenceClassification' },
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
    classes: { CAUSAL_LM: 'GPT2LMHeadModel' },
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
    classes: { CAUSAL_LM: className },
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
    classes: { SEQ_CLS: 'ViTForImageClassification' },
  },
}

const whisper: ArchitectureInfo = {
  tasks: ['audio-classification'],
  targetModules: ['q_proj', 'v_proj'],
  fields: {
    ...usualFields,
    hiddenSize: 'd_model',
    layers: 'encoder_layers',
    heads: 'encoder_attention_heads',
    maxPositions: 'max_target_positions',
  },
  checkpoint: {
    trunk: 'model.',
    top: /^(?:projector|classifier)\./,
    left: /^proj_out\./,
    embeddings: 'decoder.embed_tokens.weight',
    layer: /(?:^|\.)encoder\.layers\.(\d+)\./,
    classes: { SEQ_CLS: 'WhisperForAudioClassification' },
  },
}

/** By the checkpoint's model_type. */
export const architectureInfos: Readonly<Record<string, ArchitectureInfo>> = {
  bert,
  gpt2,
  llama: likeLlama('LlamaForCausalLM'),
  mistral: likeLlama('MistralForCausalLM'),
  qwen2: likeLlama('Qwen2ForCausalLM'),
  qwen3: likeLlama('Qwen3ForCausalLM'),
  vit,
  whisper,
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
