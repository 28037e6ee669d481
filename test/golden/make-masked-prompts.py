"""
What a tiny BERT that fills in words makes of prompts with hidden labels: tiny-filler/ (random, with tiny-bert's tokenizer)
and masked-prompts.json. By hand: python test/golden/make-masked-prompts.py
Last made with torch 2.15.0, transformers 5.24.0.
"""

import json
import shutil
from pathlib import Path

import torch
from transformers import AutoTokenizer, BertConfig, BertForMaskedLM

HERE = Path(__file__).resolve().parent
FOLDER = HERE / "tiny-filler"
TEMPLATE = "{text} is {mask} the list"
# Of one token and of several.
LABELS = ["free", "meeting now", "zzz"]
TEXTS = ["win a free prize now", "the meeting is in the list", "a patch for the kernel", "click to win", "you and the kernel", "money"]


@torch.no_grad()
def main():
    torch.manual_seed(3)
    tokenizer = AutoTokenizer.from_pretrained(HERE / "tiny-bert")
    config = BertConfig(
        vocab_size=len(tokenizer), hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=24,
        max_position_embeddings=64, initializer_range=0.4, attn_implementation="eager",
    )
    model = BertForMaskedLM(config).eval()
    model.save_pretrained(FOLDER)
    (FOLDER / "generation_config.json").unlink(missing_ok=True)
    for name in ("tokenizer.json", "tokenizer_config.json", "vocab.txt"):
        shutil.copy(HERE / "tiny-bert" / name, FOLDER / name)
    rows = []
    for text in TEXTS:
        sums = []
        for label in LABELS:
            words = tokenizer(label, add_special_tokens=False)["input_ids"]
            hidden = " ".join([tokenizer.mask_token] * len(words))
            ids = tokenizer(TEMPLATE.replace("{text}", text).replace("{mask}", hidden), return_tensors="pt")
            said = model(**ids).logits[0].log_softmax(-1)
            places = (ids["input_ids"][0] == tokenizer.mask_token_id).nonzero().flatten().tolist()
            sums.append(sum(said[place, word].item() for place, word in zip(places, words, strict=True)))
        rows.append({"text": text, "scores": torch.tensor(sums).softmax(-1).tolist()})
    table = {"template": TEMPLATE, "labels": LABELS, "rows": rows}
    (HERE / "masked-prompts.json").write_text(json.dumps(table, indent=1) + "\n")
    print(rows[0], [len(tokenizer(label, add_special_tokens=False)["input_ids"]) for label in LABELS])


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
