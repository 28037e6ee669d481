"""
What huggingface/tokenizers learns from a text, for tokenizer-training.test.ts. Run by hand in the environment that
make-tables.py describes:

    python test/golden/make-tokenizer-training.py                  writes tokenizer-training.json
    python test/golden/make-tokenizer-training.py ids FOLDER FILE  prints the ids of the texts in a JSON file

Last made with tokenizers 0.22.
"""

import json
import random
import sys
from pathlib import Path

from tokenizers import Tokenizer, models, pre_tokenizers, trainers

HERE = Path(__file__).resolve().parent
SYLLABLES = ["ba", "ki", "lo", "rem", "tu", "san", "ve", "ing", "ed", "naïve", "é", "ß", "日本", "🙂"]


def text(draw):
    """Words that few syllables make, some of them far more often than others."""
    words = ["".join(draw.choices(SYLLABLES, weights=range(14, 0, -1), k=draw.randint(1, 4))) for _ in range(draw.randint(3, 30))]
    return draw.choice(["", " ", "\n"]).join([" ".join(words), draw.choice([".", "!", " 1984", "  --", "\t"])])


if sys.argv[1:2] == ["ids"]:
    tokenizer = Tokenizer.from_file(f"{sys.argv[2]}/tokenizer.json")
    print(json.dumps([tokenizer.encode(one).ids for one in json.loads(Path(sys.argv[3]).read_text())]))
else:
    draw = random.Random(5)
    texts = [text(draw) for _ in range(150)]
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=420,
        min_frequency=2,
        special_tokens=["<|pad|>", "<|endoftext|>", "<|mask|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    model = json.loads(tokenizer.to_str())["model"]
    table = {"texts": texts, "vocab": model["vocab"], "merges": [" ".join(pair) for pair in model["merges"]]}
    (HERE / "tokenizer-training.json").write_text(json.dumps(table, separators=(",", ":")).replace('"vocab"', '\n"vocab"') + "\n")
