"""
A Marian folder as OPUS-MT's are, two SentencePiece files and vocab.json: python make-opus-mt.py FOLDER TEXTS.json. Prints the
ids that MarianTokenizer gives each text as an input. With a third argument, "again", prints those that tokenizer.json gives.
opus-mt.test.ts runs it.
"""

import json
import sys
from pathlib import Path

from sentencepiece import SentencePieceTrainer, SentencePieceProcessor
from transformers import AutoTokenizer, MarianTokenizer

SIDES = {
    "source": ["the river is deep and cold", "a storm came over the field", "cold water runs under the stone bridge"],
    "target": ["der Fluss ist tief und kalt", "ein Sturm zog über das Feld", "kaltes Wasser fließt unter der Brücke"],
}


def make(folder):
    pieces = []
    for side, lines in SIDES.items():
        model = folder / side
        SentencePieceTrainer.train(
            sentence_iterator=iter(lines * 20), model_prefix=str(model), vocab_size=60, hard_vocab_limit=False,
            character_coverage=1.0, num_threads=1, minloglevel=2,
        )
        model.with_suffix(".model").rename(model.with_suffix(".spm"))
        trained = SentencePieceProcessor(model_file=str(model.with_suffix(".spm")))
        pieces += [trained.id_to_piece(i) for i in range(len(trained)) if not (trained.is_control(i) or trained.is_unknown(i))]
    tokens = ["</s>", "<unk>", *dict.fromkeys(pieces), ">>deu<<", "<pad>"]
    (folder / "vocab.json").write_text(json.dumps({token: i for i, token in enumerate(tokens)}))
    (folder / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "MarianTokenizer", "source_lang": "en", "target_lang": "de"}))


if __name__ == "__main__":
    folder, texts = Path(sys.argv[1]), json.loads(Path(sys.argv[2]).read_text())
    again = sys.argv[3:] == ["again"]
    if not again:
        make(folder)
    tokenizer = AutoTokenizer.from_pretrained(folder) if again else MarianTokenizer.from_pretrained(folder)
    print(json.dumps([tokenizer(text).input_ids for text in texts]))
