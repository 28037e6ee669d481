import { canLearn } from './architectures.ts'
import type { RunConfig } from './settings.ts'

/** What stands around a text and its label in a prompt. */
export interface PromptParts {
  readonly head: string
  readonly middle: string
  readonly tail: string
}

/** Whether a template has one {text}, and one {label} after it. */
export function isPromptTemplate(template: string): boolean {
  const [, ...texts] = template.split('{text}')
  const [first = '', ...labels] = template.split('{label}')
  return texts.length === 1 && labels.length === 1 && first.includes('{text}')
}

export function promptParts(template: string): PromptParts {
  const [head = '', rest = ''] = template.split('{text}')
  const [middle = '', tail = ''] = rest.split('{label}')
  return { head, middle, tail }
}

/** Whether a run that trains nothing classifies by what a language model finds likeliest in a prompt. */
export function isPrompted(
  { task, method, prompt_template: template }: Pick<RunConfig, 'task' | 'method' | 'prompt_template'>,
  architecture: string,
): boolean {
  return (
    task === 'text-classification' && method === 'none' && template !== '' && canLearn(architecture, 'text-generation')
  )
}
