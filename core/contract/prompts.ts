import { canLearn } from './architectures.ts'
import type { RunConfig } from './settings.ts'

/**
 * Templates of prompts: {text} is where a text stands, {label} where a model that writes is to go on, {mask} where one that
 * fills in words is to.
 */

/** What stands around a text and its label. */
export interface PromptParts {
  readonly head: string
  readonly middle: string
  readonly tail: string
}

/** How a model is asked by a prompt. */
export type Asking = 'next words' | 'hidden words'

/** Those whose pre-training was to fill in words. */
const fillers: readonly string[] = ['bert', 'roberta', 'distilbert']

/** Whether a template has one {text}, and one {label} or {mask} after it. */
export function isPromptTemplate(template: string): boolean {
  const texts = template.split('{text}')
  const [first = '', ...labels] = template.split(/\{(?:label|mask)\}/)
  return texts.length === 2 && labels.length === 1 && first.includes('{text}')
}

export function promptParts(template: string): PromptParts {
  const [head = '', rest = ''] = template.split('{text}')
  const [middle = '', tail = ''] = rest.split(/\{(?:label|mask)\}/)
  return { head, middle, tail }
}

/**
 * How a run that trains nothing asks its model to classify; null where it does not, but evaluates the head as it is: for
 * other tasks, without a template, and where the model neither writes nor was asked by {mask}.
 */
export function askingOf(
  { task, method, prompt_template: template }: Pick<RunConfig, 'task' | 'method' | 'prompt_template'>,
  architecture: string,
): Asking | null {
  if (task !== 'text-classification' || method !== 'none' || template === '') return null
  if (canLearn(architecture, 'text-generation')) return 'next words'
  return template.includes('{mask}') && fillers.includes(architecture) ? 'hidden words' : null
}
