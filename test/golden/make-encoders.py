"""
Bidirectional encoders for family.py: python test/golden/family.py make make-encoders [NAME ...]
Last made with torch 2.15.0, transformers 5.24.0, peft 0.21.2.
"""

from importlib import import_module

import numpy as np
import torch
from transformers import BertConfig, BertForSequenceClassification

family = import_module("family")
Family, vary = family.Family, family.vary
LENGTH, BATCH, VOCAB = 16, 4, 80
SIZES = dict(
    vocab_size=VOCAB, hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32,
    max_position_embeddings=32, initializer_range=0.3, attn_implementation="eager",
)


def token_batches(labels, first=5):
    """Ten batches of rows of unequal length, padded with 0; the last one has three rows and a copy of its first."""
    draw = np.random.default_rng(7)
    batches = []
    for step in range(family.STEPS):
        rows = BATCH if step < family.STEPS - 1 else BATCH - 1
        ids = np.zeros((BATCH, LENGTH), np.int32)
        mask = np.zeros_like(ids)
        for i in range(rows):
            n = LENGTH if i == 0 else int(draw.integers(4, LENGTH + 1))
            ids[i, :n] = draw.integers(first, VOCAB, n)
            mask[i, :n] = 1
        ids[rows:], mask[rows:] = ids[0], mask[0]
        feeds = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        batches.append({**feeds, **labels(draw, ids, mask, rows)})
    return batches


def class_labels(draw, ids, mask, rows):
    labels = draw.integers(0, 3, BATCH).astype(np.int32)
    labels[rows:] = labels[0]
    return {"labels": labels, "weights": (np.arange(BATCH) < rows).astype(np.float32)}


def logits_of(model, feeds):
    names = ("input_ids", "attention_mask", "token_type_ids")
    return model(**{name: feeds[name] for name in names if name in feeds}).logits


def cross_entropy(logits, labels):
    return torch.nn.functional.cross_entropy(logits, labels, reduction="none")


def mean(each, weights):
    return (each * weights).sum() / weights.sum()


def classifier(build, targets, head):
    def evaluate(model, feeds):
        logits = logits_of(model, feeds)
        return {"logits": logits, "loss": cross_entropy(logits, feeds["labels"])}

    return Family(
        task="text-classification", build=lambda: vary(build()), batches=lambda: token_batches(class_labels),
        evaluate=evaluate, loss=lambda model, feeds: mean(evaluate(model, feeds)["loss"], feeds["weights"]),
        length=LENGTH, targets=targets, labels=3, head=head,
    )


FAMILIES = {
    "bert-classification": classifier(
        lambda: BertForSequenceClassification(BertConfig(**SIZES, num_labels=3)), ["query", "value"], ("classifier.",)
    ),
}
