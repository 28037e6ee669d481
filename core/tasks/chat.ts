import { templateFiles } from '../data/chat/template.ts'
import type { PackedRows } from './packed-rows.ts'
import type { Task } from './task.ts'
import { type ScoredTexts, textGeneration } from './text-generation.ts'

/**
 * Instructions and chats: a row is a conversation; the model learns what the assistant says in it, the token that ends an
 * answer included, from all that was said before. Everything but the rows is as for text generation: short conversations
 * share a sequence, and the loss is cross-entropy, averaged over the predicted tokens.
 */
export const chat: Task<PackedRows, ScoredTexts> = { ...textGeneration, name: 'chat', files: templateFiles }
