"""
Encoder–decoders for family.py: python test/golden/family.py make make-encoder-decoders [NAME ...]
Run by itself, it gives each folder writing.json: what is written of sources, token for token.
Last made with torch 2.15.0, transformers 5.24.0, peft 0.21.2.
"""

from importlib import import_module

import numpy as np
import torch
from transformers import MarianConfig, MarianMTModel, T5Config, T5ForConditionalGeneration

family = import_module("family")
Family, vary = family.Family, family.vary
LENGTH, TARGET, BATCH, VOCAB = 24, 16, 4, 60
PAD, END = 0, 1
NEW = 64


def pairs():
    """Ten batches of sources and targets of unequal length; the last one has three rows and a copy of its first."""
    draw = np.random.default_rng(7)
    batches = []
    for step in range(family.STEPS):
        rows = BATCH if step < family.STEPS - 1 else BATCH - 1
        feeds = {
            "input_ids": np.full((BATCH, LENGTH), PAD, np.int32),
            "attention_mask": np.zeros((BATCH, LENGTH), np.int32),
            "decoder_input_ids": np.full((BATCH, TARGET), PAD, np.int32),
            "labels": np.full((BATCH, TARGET), PAD, np.int32),
            "weights": np.zeros((BATCH, TARGET), np.float32),
        }
        for i in range(rows):
            n = LENGTH if i == 0 else int(draw.integers(3, LENGTH + 1))
            m = TARGET if i == 1 else int(draw.integers(2, TARGET + 1))
            feeds["input_ids"][i, :n] = draw.integers(2, VOCAB, n)
            feeds["attention_mask"][i, :n] = 1
            target = [*draw.integers(2, VOCAB, m - 1), END]
            feeds["labels"][i, :m] = target
            feeds["decoder_input_ids"][i, 1:m] = target[:-1]
            feeds["weights"][i, :m] = 1
        for name, values in feeds.items():
            if rows < BATCH:
                values[rows:] = 0 if name == "weights" else values[0]
        batches.append(feeds)
    return batches


def logits_of(model, feeds):
    names = ("input_ids", "attention_mask", "decoder_input_ids")
    return model(**{name: feeds[name] for name in names}).logits


def evaluate(model, feeds):
    logits = logits_of(model, feeds).flatten(0, 1)
    labels = feeds["labels"].flatten()
    loss = torch.nn.functional.cross_entropy(logits, labels, reduction="none")
    return {"loss": loss, "right": (logits.argmax(-1) == labels).float()}


def mean_loss(model, feeds):
    weights = feeds["weights"].flatten()
    return (evaluate(model, feeds)["loss"] * weights).sum() / weights.sum()


def family_of(build, targets, seed=5):
    return Family(
        task="text2text-generation", build=build, batches=pairs, evaluate=evaluate, loss=mean_loss, length=LENGTH,
        targets=targets, settings={"max_length": LENGTH, "max_target_length": TARGET}, seed=seed,
    )


ENDS = dict(pad_token_id=PAD, eos_token_id=END, decoder_start_token_id=PAD)


def scaled(model, factors):
    """With their beginnings, tied embeddings repeat the word that was read last: other sizes make texts vary."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            for end, factor in factors.items():
                if name.endswith(end):
                    parameter.mul_(factor)
    return model


def marian(**changes):
    model = scaled(vary(MarianMTModel(MarianConfig(
        vocab_size=VOCAB, d_model=16, encoder_layers=2, decoder_layers=3, encoder_attention_heads=2,
        decoder_attention_heads=4, encoder_ffn_dim=24, decoder_ffn_dim=32, max_position_embeddings=96,
        activation_function="swish", init_std=0.3,
        attn_implementation="eager", **{**ENDS, "scale_embedding": True, "forced_eos_token_id": END, **changes},
    ))), {"q_proj.weight": 4})
    with torch.no_grad():
        model.final_logits_bias.copy_(torch.randn_like(model.final_logits_bias) * 0.3)
    return model


def t5(**changes):
    return vary(T5ForConditionalGeneration(T5Config(
        vocab_size=VOCAB, d_model=16, d_kv=6, d_ff=32, num_layers=3, num_decoder_layers=2, num_heads=4,
        relative_attention_num_buckets=8, relative_attention_max_distance=20, initializer_factor=1.0,
        attn_implementation="eager", **{**ENDS, **changes},
    )))


def t5_of_its_own_head():
    """As T5 1.1 is: the newest transformers would tie the head of a new one to the embedding, but takes this as it is."""
    model = t5(feed_forward_proj="gated-gelu", tie_word_embeddings=False)
    model.lm_head.weight = torch.nn.Parameter(torch.randn_like(model.shared.weight) * 0.5)
    model.config.tie_word_embeddings = False
    return model


FAMILIES = {
    "marian": family_of(marian, ["q_proj", "v_proj"], seed=0),
    "marian-two-vocabularies": family_of(
        lambda: marian(share_encoder_decoder_embeddings=False, decoder_vocab_size=VOCAB, forced_eos_token_id=None),
        ["q_proj", "v_proj"], seed=2,
    ),
    "t5": family_of(
        lambda: scaled(t5(), {".o.weight": 2, "wo.weight": 2, ".q.weight": 3, "shared.weight": 0.3}), ["q", "v"], seed=4
    ),
    "t5-gated": family_of(t5_of_its_own_head, ["q", "v"]),
}


@torch.no_grad()
def generated(name):
    """Tokens after the start of each source's target, sources alone and together."""
    folder = family.HERE / "family" / name
    model = type(FAMILIES[name].build()).from_pretrained(folder, attn_implementation="eager").float().eval()
    feeds = {key: torch.from_numpy(values) for key, values in FAMILIES[name].batches()[0].items()}
    ids, mask = feeds["input_ids"].long(), feeds["attention_mask"].long()
    forced = getattr(model.config, "forced_eos_token_id", None)
    source = {"input_ids": ids, "attention_mask": mask}
    first = logits_of(model, feeds | source)[:, 0]
    return {
        "sources": [row[: int(n)].tolist() for row, n in zip(ids, mask.sum(1))],
        **family.written(model, source, NEW, start=PAD, end=END, pad=PAD, forced=forced),
        "firstLogits": [family.numbers(row) for row in first],
    }


if __name__ == "__main__":
    import sys

    torch.set_num_threads(1)
    for name in sys.argv[1:] or FAMILIES:
        family.save_writing(name, generated(name))
