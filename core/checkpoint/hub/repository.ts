import { z } from 'zod'
import { AttuneError } from '../../contract/errors.ts'
import { modelFile } from '../companions.ts'
import { indexFile } from '../shard-index.ts'
import { weightsFile } from '../weights.ts'

/**
 * A model on a Hugging Face hub, as the hub's API tells of it: the commit that a revision stands for, and the files there.
 * Source: huggingface.co/docs/hub/api, and huggingface_hub's hf_api.py.
 */

export interface HubSource {
  /** "https://huggingface.co", or another that speaks its protocol; no slash at the end. */
  readonly endpoint: string
  /** "org/name", or of the oldest models "name". */
  readonly repo: string
  /** A branch, tag or commit. */
  readonly revision: string
}

export interface HubFile {
  /** A plain file name. */
  readonly name: string
  readonly bytes: number
  /** What its bytes are known by: SHA-256 of large files, git's own hash of the others. Both hex. */
  readonly hash: { readonly kind: 'sha256' | 'git'; readonly hex: string }
}

export interface HubModel {
  /** The commit, hex: files are fetched as of it, whatever happens to the branch meanwhile. */
  readonly commit: string
  /** What a model consists of here, the small ones first. */
  readonly files: readonly HubFile[]
}

/** Where models come from when nothing else is said. */
export function hubEndpoint(env: Readonly<Record<string, string | undefined>> = process.env): string {
  return (env.HF_ENDPOINT || 'https://huggingface.co').replace(/\/+$/, '')
}

const repoPattern = /^[A-Za-z0-9][\w.-]{0,95}(?:\/[A-Za-z0-9][\w.-]{0,95})?$/
const revisionPattern = /^[A-Za-z0-9][\w./-]{0,199}$/

/** "org/name", "org/name@revision", either after "hub:" as the command has it; throws AttuneError bad_request. */
export function parseHubName(text: string): { repo: string; revision: string } {
  const [repo = '', revision = 'main', ...rest] = text.trim().replace(/^hub:/, '').split('@')
  const isPlain = (path: string) => !path.split('/').includes('..')
  if (rest.length === 0 && repoPattern.test(repo) && revisionPattern.test(revision) && isPlain(revision)) {
    return { repo, revision }
  }
  throw new AttuneError('bad_request', `"${text}" names no model of a hub. Write ORG/NAME, or ORG/NAME@REVISION.`)
}

const commitSchema = z.object({ sha: z.string().regex(/^[0-9a-f]{40}$/) })
const treeSchema = z.array(
  z.object({
    type: z.string(),
    path: z.string(),
    size: z.number().int().min(0),
    oid: z.string(),
    lfs: z.object({ oid: z.string().regex(/^[0-9a-f]{64}$/), size: z.number().int().min(0) }).optional(),
  }),
)

/** Asks the hub; throws AttuneError: not_found (no such model or revision, or no weights in it), unauthorized, unreachable, bad_file. */
export async function readHubModel(source: HubSource, fetched: HubFetch): Promise<HubModel> {
  const { endpoint, repo, revision } = source
  const api = `${endpoint}/api/models/${repo}`
  const { json } = await asJson(`${api}/revision/${encodeURIComponent(revision)}`, source, fetched)
  const commit = parsed(commitSchema, json, source).sha
  const entries: z.output<typeof treeSchema> = []
  let page: string | null = `${api}/tree/${commit}`
  while (page !== null) {
    const answer: Page = await asJson(page, source, fetched)
    entries.push(...parsed(treeSchema, answer.json, source))
    page = answer.next
  }
  const files = entries.flatMap(({ type, path, size, oid, lfs }): HubFile[] => {
    if (type !== 'file' || path.includes('/')) return []
    const hash = lfs ? ({ kind: 'sha256', hex: lfs.oid } as const) : ({ kind: 'git', hex: oid } as const)
    return [{ name: path, bytes: lfs?.size ?? size, hash }]
  })
  return { commit, files: chosen(files, source) }
}

/** GET; the signal and the token are whoever's that gives it. */
export type HubFetch = (url: string, headers?: Readonly<Record<string, string>>) => Promise<Response>

interface Page {
  readonly json: unknown
  /** The address of the next page of a list. */
  readonly next: string | null
}

async function asJson(url: string, source: HubSource, fetched: HubFetch): Promise<Page> {
  const response = await fetched(url)
  refuse(response, source)
  const next = /<([^>]+)>;\s*rel="next"/.exec(response.headers.get('link') ?? '')?.[1]
  try {
    return { json: await response.json(), next: next === undefined ? null : new URL(next, url).href }
  } catch (cause) {
    throw odd(source, cause)
  }
}

/** Throws where the hub says no. */
export function refuse({ ok, status }: Response, { endpoint, repo, revision }: HubSource): void {
  if (ok) return
  const named = `${repo}${revision === 'main' ? '' : `@${revision}`}`
  if (status === 401 || status === 403) {
    const message = `${endpoint} does not give out ${named}: it is not there, or wants an account that may read it. Accept its terms there, and set HF_TOKEN to a token of yours.`
    throw new AttuneError('unauthorized', message, { repo, revision })
  }
  if (status === 404) {
    throw new AttuneError('not_found', `${endpoint} has no model ${named}.`, { repo, revision })
  }
  throw new AttuneError(
    'unreachable',
    `${endpoint} answered with ${status} to a question about ${named}. Try again later.`,
  )
}

function parsed<T>(schema: z.ZodType<T>, json: unknown, source: HubSource): T {
  const found = schema.safeParse(json)
  if (found.success) return found.data
  throw odd(source, found.error)
}

function odd({ endpoint, repo }: HubSource, cause: unknown): AttuneError {
  const message = `${endpoint} does not answer as a Hugging Face hub does when asked about ${repo}. Look at HF_ENDPOINT.`
  return new AttuneError('unreachable', message, undefined, { cause })
}

const shard = /^model-\d{5}-of-\d{5}\.safetensors$/

/** The weights, whole or in shards, and what goes along with them; the same file in other formats is left there. */
function chosen(files: readonly HubFile[], { endpoint, repo }: HubSource): HubFile[] {
  const has = (name: string) => files.some((file) => file.name === name)
  const isWeight = ({ name }: HubFile) => (has(weightsFile) ? name === weightsFile : shard.test(name))
  if (!has('config.json')) {
    throw new AttuneError('not_found', `${repo} at ${endpoint} has no config.json: it is no model of transformers.`)
  }
  if (!has(weightsFile) && !has(indexFile)) {
    const pickled = files.find(({ name }) => /\.(bin|pt|pth|ckpt|pkl|h5|msgpack)$/i.test(name))
    const instead = pickled
      ? `only has weights as ${pickled.name}, a format that can run code when it is read. Many models have ${weightsFile} in another revision (a pull request of a conversion bot): name that one, or save the model as ${weightsFile} with model.save_pretrained(folder) and add the folder.`
      : `has no ${weightsFile}.`
    throw new AttuneError(pickled ? 'bad_file' : 'not_found', `${repo} at ${endpoint} ${instead}`)
  }
  const small = files.filter(({ name }) => modelFile.test(name) || (name === indexFile && !has(weightsFile)))
  return [...small, ...files.filter(isWeight)]
}
