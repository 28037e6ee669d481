"""
BLEU and chrF of texts by sacrebleu, for text-metrics.test.ts: python test/golden/make-text-metrics.py
Last made with sacrebleu 2.6.0.
"""

import json
import random
from pathlib import Path

import sacrebleu

SENTENCES = [
    "The quick brown fox jumps over the lazy dog.",
    "It's 3,000.50 km — isn't it? Yes; (really) \"so\" & so on, A&amp;B <tag> [x] {y}.",
    "well-known 1990-1995 e.g. U.S. and-\nthen broken lines",
    "Ünïcödé — 你好 世界 emoji 🎉🎈 naïve café",
    "M Y UW1 T IH0 D",
    "no-break\u00a0space\u2003and \x1cseparators\x85here",
    "",
    "a",
    "one two three",
]


def garbled(draw, text):
    """Some characters and words left out, doubled or exchanged."""
    words = text.split(" ")
    for _ in range(draw.randrange(3)):
        i = draw.randrange(len(words))
        change = draw.randrange(3)
        words = words[:i] + ([] if change == 0 else [words[i]] * 2 if change == 1 else [words[i][::-1]]) + words[i + 1 :]
        words = words or [""]
    return " ".join(words)


def main():
    draw = random.Random(3)
    corpora = []
    for size in (1, 1, 2, 5, 30):
        references = [draw.choice(SENTENCES) for _ in range(size)]
        corpora.append(([garbled(draw, text) for text in references], references))
    corpora.append((["one two", "a b"], ["three four", "c d"]))
    corpora.append((["one two three", "a"], ["one two three", "a"]))
    corpora.append((["", ""], ["one two three", "a"]))
    corpora.append((["Something said that is much longer than it was"], ["Something said"]))
    corpora.append((SENTENCES[:5], SENTENCES[:5]))
    rows = [
        {
            "texts": texts,
            "references": references,
            "bleu": sacrebleu.corpus_bleu(texts, [references]).score,
            "chrf": sacrebleu.corpus_chrf(texts, [references]).score,
            "each": [sacrebleu.sentence_chrf(text, [reference]).score for text, reference in zip(texts, references)],
        }
        for texts, references in corpora
    ]
    path = Path(__file__).parent / "text-metrics.json"
    path.write_text(json.dumps(rows, ensure_ascii=True, indent=1) + "\n")


if __name__ == "__main__":
    main()
