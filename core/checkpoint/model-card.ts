import { taskNames } from '../contract/ecosystem.ts'
import type { TaskName } from '../contract/settings.ts'

/** What an exported folder's README.md says about how it came to be. */
export interface CardFacts {
  /** The run's name. */
  readonly name: string
  readonly baseModel: string
  readonly licence?: string | undefined
  readonly dataset: string
  /** By series name ("eval/accuracy"), from the exported checkpoint. */
  readonly metrics: Readonly<Record<string, number>>
  /** The run's settings by name. */
  readonly settings: Readonly<Record<string, unknown>>
}

export type ExportKind = 'model' | 'adapter'
/** What loads a whole model. */
export type Library = 'transformers' | 'pytorch'

/** A model card in the form that Hugging Face's hub reads: YAML between dashes, then Markdown. */
export function modelCard(
  facts: CardFacts,
  task: TaskName,
  labels: readonly string[],
  kind: ExportKind,
  loadedBy: Library = 'transformers',
): string {
  const library = kind === 'adapter' ? 'peft' : loadedBy
  // JSON texts are YAML texts: names with colons, quotes or line ends stay one value.
  const header = [
    ...(facts.licence === undefined ? [] : [`license: ${JSON.stringify(facts.licence.toLowerCase())}`]),
    `base_model: ${JSON.stringify(facts.baseModel)}`,
    `library_name: ${library}`,
    `pipeline_tag: ${taskNames[task].pipeline}`,
  ]
  const what = kind === 'adapter' ? 'A LoRA adapter' : taskNames[task].purpose
  const named = labels.length > 0 ? `Labels: ${labels.map((label) => code(label)).join(', ')}\n\n` : ''
  return `---
${header.join('\n')}
---

# ${inline(facts.name)}

${what}, fine-tuned from ${inline(facts.baseModel)} on ${inline(facts.dataset)} with Attune.

${named}${table(['Metric', 'Value'], facts.metrics)}
${table(['Setting', 'Value'], facts.settings)}
## Use

\`\`\`python
${kind === 'adapter' ? adapterUse(facts.baseModel, task, labels.length) : modelUse(task, loadedBy)}
\`\`\`
`
}

/** Of a model that has learned nothing yet. */
export function scratchCard(facts: {
  readonly name: string
  readonly architecture: string
  readonly parameters: number
  readonly seed: number
  readonly library: Library
}): string {
  const { name, architecture, parameters, seed, library } = facts
  return `---
library_name: ${library}
---

# ${inline(name)}

${inline(architecture)} with ${parameters.toLocaleString('en')} parameters, drawn at random (seed ${seed}) with Attune. It has learned
nothing yet: train it before use.
`
}

function modelUse(task: TaskName, loadedBy: Library): string {
  if (loadedBy === 'pytorch') {
    return `from safetensors.torch import load_file

# Names and shapes are those of ${task === 'image-text-to-text' ? "transformers' GPT2LMHeadModel and ViTModel" : 'torch.nn.Embedding, torch.nn.LSTM or GRU'}, and torch.nn.Linear; config.json has their sizes.
weights = load_file("model.safetensors")`
  }
  const { pipeline, input, autoModel } = taskNames[task]
  // No pipeline of transformers 5 does it.
  if (task === 'text2text-generation') {
    return `from transformers import ${autoModel}, AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained(".")
model = ${autoModel}.from_pretrained(".")
written = model.generate(tokenizer(${input}, return_tensors="pt").input_ids)
print(tokenizer.decode(written[0], skip_special_tokens=True))`
  }
  // There is no pipeline for it: it acts where somebody has a world for it.
  if (task === 'decision-making') {
    return `from transformers import ${autoModel}

model = ${autoModel}.from_pretrained(".")
# config.json says how states are normalised (state_mean, state_std), returns scaled and what return was aimed at.`
  }
  return `from transformers import pipeline

model = pipeline("${pipeline}", model=".")
print(model(${input}))`
}

/** What the class of a preparer is called where it is used. */
const preparerNames = {
  AutoTokenizer: 'tokenizer',
  AutoImageProcessor: 'images',
  AutoFeatureExtractor: 'sounds',
} as const

function adapterUse(baseModel: string, task: TaskName, labels: number): string {
  const { autoModel: model, preparers = ['AutoTokenizer'] } = taskNames[task]
  const outputs = task === 'text-regression' ? 1 : labels
  const heads = outputs > 0 ? `, num_labels=${outputs}` : ''
  const prepared = preparers.map((name) => `\n${preparerNames[name]} = ${name}.from_pretrained(".")`)
  return `from peft import PeftModel
from transformers import ${[model, ...preparers].join(', ')}

base = ${model}.from_pretrained(${JSON.stringify(baseModel)}${heads})
model = PeftModel.from_pretrained(base, ".")${prepared.join('')}`
}

function table(heads: readonly [string, string], rows: Readonly<Record<string, unknown>>): string {
  const lines = Object.entries(rows).map(([name, value]) => `| ${cell(name)} | ${cell(text(value))} |`)
  return lines.length === 0 ? '' : `| ${heads.join(' | ')} |\n| --- | --- |\n${lines.join('\n')}\n`
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '')
}

/** One line of Markdown that shows a person's own words and nothing else. */
function inline(words: string): string {
  return words.replace(/\s+/g, ' ').replace(/[\\`*_[\]<>#|]/g, '\\$&')
}

/** In a code span, where only the backtick means something. */
function code(words: string): string {
  return `\`${words.replace(/\s+/g, ' ').replaceAll('`', "'")}\``
}

/** In a table, where the bar does too. */
function cell(words: string): string {
  return code(words).replaceAll('|', '\\|')
}
