/** What peft calls the two tasks that adapters are trained for here. */
export type AdapterTask = 'SEQ_CLS' | 'CAUSAL_LM'

interface Naming {
  /** In front of every name but those of what stands on top. */
  readonly trunk: string
  readonly top: RegExp
  /** Tensors that are no parameters, and the heads of another training. */
  readonly left: RegExp
  /** What transformers calls the model of each task. */
  readonly classes: Readonly<Partial<Record<AdapterTask, string>>>
}

const namings: Readonly<Record<string, Naming>> = {
  bert: {
    trunk: 'bert.',
    top: /^classifier\./,
    left: /position_ids$|^cls\./,
    classes: { SEQ_CLS: 'BertForSequenceClassification' },
  },
  gpt2: {
    trunk: 'transformer.',
    top: /^lm_head\./,
    left: /\.attn\.(?:masked_)?bias$/,
    classes: { CAUSAL_LM: 'GPT2LMHeadModel' },
  },
}

/**
 * The name that transformers gives a checkpoint's tensor in the model of a task, or null for one that is no part of it.
 * models/ knows this for running a model; here it serves to rewrite files without loading the engine. Checkpoints of the
 * bare trunk lack its name in front; very old ones call the layer norms' parameters gamma and beta.
 */
export function parameterName(modelType: string, name: string): string | null {
  const naming = namings[modelType]
  if (!naming || naming.left.test(name)) return null
  const modern = name.replace(/LayerNorm\.gamma$/, 'LayerNorm.weight').replace(/LayerNorm\.beta$/, 'LayerNorm.bias')
  return modern.startsWith(naming.trunk) || naming.top.test(modern) ? modern : `${naming.trunk}${modern}`
}

/** What transformers calls the model of a type for a task: "architectures" of its config.json; undefined for none. */
export function className(modelType: string, task: AdapterTask): string | undefined {
  return namings[modelType]?.classes[task]
}
