import type { WritingRules } from './target-writing.ts'

/** A text under way, or one that has ended, with the sum of its tokens' log probabilities. */
interface Beam {
  readonly ids: readonly number[]
  readonly score: number
}

/** A token that a beam may go on with. */
interface Continuation {
  readonly beam: number
  readonly id: number
  readonly score: number
}

/** So little that nothing real comes below it. */
const hopeless = -1e9

/**
 * Beam search for one text, as transformers' generate does it with length_penalty 1 and early_stopping False: ended texts
 * are compared by their mean log probability, and the search goes on as long as the best one under way could still join
 * the ended ones.
 */
export class BeamSearch {
  /** Nothing more can be found. */
  done = false
  private running: readonly Beam[]
  private ended: readonly Beam[] = []
  private readonly beams: number
  private readonly maxTokens: number
  private readonly rules: WritingRules

  constructor(beams: number, maxTokens: number, rules: WritingRules) {
    this.beams = beams
    this.maxTokens = maxTokens
    this.rules = rules
    // Only the first counts at first: all would write the same.
    this.running = Array.from({ length: beams }, (_, i) => ({ ids: [], score: i === 0 ? 0 : hopeless }))
  }

  /** Takes the logits behind each beam's last token. → the beam that each beam goes on from, and its new last token. */
  advance(logits: readonly Float32Array[]): { from: number; id: number }[] {
    const { beams, maxTokens, rules } = this
    const length = (this.running[0] as Beam).ids.length + 1
    const found = this.best(logits, Math.max(2, 1 + rules.endIds.length) * beams, length)
    const ends = ({ id }: Continuation) => length === maxTokens || rules.endIds.includes(id)
    const grown = ({ beam, id, score }: Continuation): Beam => ({
      ids: [...(this.running[beam] as Beam).ids, id],
      score,
    })
    const closing = found.slice(0, beams).filter(ends)
    this.ended = [...this.ended, ...closing.map(grown).map(({ ids, score }) => ({ ids, score: score / length }))]
      .sort((a, b) => b.score - a.score)
      .slice(0, beams)
    const open = found.filter((one) => !ends(one))
    // Where too few are left, ended ones fill up and never win.
    const next = [...open, ...found.filter(ends).map((one) => ({ ...one, score: one.score + hopeless }))].slice(
      0,
      beams,
    )
    this.running = next.map(grown)
    const worst = this.ended.length < beams ? hopeless : (this.ended.at(-1) as Beam).score
    this.done = open.length === 0 || (this.running[0] as Beam).score / length <= worst
    return next.map(({ beam, id }) => ({ from: beam, id }))
  }

  /** The best text, without the token that ends it. */
  result(): number[] {
    const { ids } = this.ended[0] ?? (this.running[0] as Beam)
    return ids.filter((id) => !this.rules.endIds.includes(id))
  }

  /** The likeliest continuations of all beams, best first. */
  private best(logits: readonly Float32Array[], count: number, length: number): Continuation[] {
    const forced = length === this.maxTokens ? this.rules.forcedEndId : null
    const found: Continuation[] = []
    for (const [beam, own] of logits.entries()) {
      const { score } = this.running[beam] as Beam
      const norm = logSumOf(own)
      const offer = (id: number, value: number) => {
        if (found.length === count && value <= (found.at(-1) as Continuation).score) return
        let at = found.length
        while (at > 0 && (found[at - 1] as Continuation).score < value) at--
        found.splice(at, 0, { beam, id, score: value })
        if (found.length > count) found.pop()
      }
      if (forced !== null) offer(forced, score)
      else {
        const banned = new Set(this.rules.bannedIds)
        for (let id = 0; id < own.length; id++) if (!banned.has(id)) offer(id, score + (own[id] as number) - norm)
      }
    }
    return found
  }
}

/** log Σ exp, in float64. */
function logSumOf(logits: Float32Array): number {
  const most = logits.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY)
  return most + Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit - most), 0))
}
