"""
Writes tokenizer.json into the folder of a Marian model whose tokenizer is source.spm, target.spm and vocab.json, as those of
OPUS-MT are:

    python scripts/opus-mt-tokenizer.py FOLDER

Needs transformers and sentencepiece; nothing that lies in the folder is run. The two vocabularies become one, in which each
piece has the better of its two scores: inputs are cut nearly as source.spm cuts them, outputs nearly as target.spm does, and
what is learnt and exported with the folder afterwards goes by tokenizer.json alone. tokenizer_config.json is written anew too:
transformers takes the folder's tokenizer for a PreTrainedTokenizerFast from then on.
"""

import json
import sys
from pathlib import Path

from sentencepiece import SentencePieceProcessor
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
from transformers import PreTrainedTokenizerFast

UNKNOWN, END, PADDING = "<unk>", "</s>", "<pad>"
UNSEEN = "[\u0001-\u0008\u000b\u000e-\u001f\u007f\u008f\u009f]"
BLANK = "[\t\n\f\r\u1680\u200b-\u200f\u2028\u2029\u2581\ufeff\ufffd]"


def scores_of(path):
    """The log-probability of each piece of a SentencePiece file."""
    pieces = SentencePieceProcessor(model_file=str(path))
    return {pieces.id_to_piece(i): pieces.get_score(i) for i in range(len(pieces)) if not pieces.is_control(i)}


def converted(folder):
    ids = json.loads((folder / "vocab.json").read_text(encoding="utf-8"))
    source, target = scores_of(folder / "source.spm"), scores_of(folder / "target.spm")
    worst = min(min(source.values()), min(target.values()))
    pieces = sorted(ids, key=ids.get)
    scores = [max(source.get(piece, worst), target.get(piece, worst)) for piece in pieces]
    tokenizer = Tokenizer(models.Unigram(list(zip(pieces, scores)), unk_id=ids[UNKNOWN]))
    # nmt_nfkc, which SentencePiece does to a text unless told otherwise: characters that nobody sees go, each kind of blank
    # is a space, and of several spaces one is left.
    tidy = [
        normalizers.Replace(Regex(UNSEEN), ""), normalizers.Replace(Regex(BLANK), " "), normalizers.NFKC(),
        normalizers.Strip(), normalizers.Replace(Regex(" {2,}"), " "),
    ]
    tokenizer.normalizer = normalizers.Sequence(tidy)
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    tokenizer.post_processor = processors.TemplateProcessing(single=f"$A {END}", special_tokens=[(END, ids[END])])
    languages = [piece for piece in pieces if piece.startswith(">>") and piece.endswith("<<")]
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, unk_token=UNKNOWN, eos_token=END, pad_token=PADDING,
        additional_special_tokens=languages, model_max_length=512,
    )


if __name__ == "__main__":
    converted(Path(sys.argv[1])).save_pretrained(sys.argv[1])
