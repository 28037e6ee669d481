"""
Bidirectional encoders for family.py: python test/golden/family.py make make-encoders [NAME ...]
Last made with torch 2.15.0, transformers 5.24.0, peft 0.21.2.
"""

from importlib import import_module

import numpy as np
import torch
import transformers
from transformers import BertConfig, DistilBertConfig, RobertaConfig

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
    return {"labels": labels, "weights": row_weights(rows)}


def value_labels(draw, ids, mask, rows):
    labels = draw.normal(0, 1, BATCH).astype(np.float32)
    labels[rows:] = labels[0]
    return {"labels": labels, "weights": row_weights(rows)}


def row_weights(rows):
    return (np.arange(BATCH) < rows).astype(np.float32)


def tag_labels(draw, ids, mask, rows):
    """Some tokens of the real ones carry a tag."""
    carries = (draw.random(ids.shape) < 0.6) & (mask == 1)
    carries[:, 1] = True
    labels = np.where(carries, draw.integers(0, 3, ids.shape), 0).astype(np.int32)
    weights = carries.astype(np.float32)
    labels[rows:], weights[rows:] = labels[0], 0
    return {"labels": labels, "weights": weights}


SLOTS = 2  # a row of 16 tokens and a share of 0.15


def hidden_words(draw, ids, mask, rows):
    """Two tokens a row, or one: the second place is then not in use."""
    places = np.zeros((BATCH, SLOTS), np.int32)
    labels = np.zeros_like(places)
    weights = np.zeros((BATCH, SLOTS), np.float32)
    for i in range(BATCH):
        n = int(mask[i].sum())
        chosen = sorted(draw.choice(np.arange(1, n - 1), 2 if n > 9 else 1, replace=False))
        places[i] = i * LENGTH
        for k, place in enumerate(chosen):
            places[i, k], labels[i, k] = i * LENGTH + place, ids[i, place]
            weights[i, k] = i < rows
        for place in chosen:
            ids[i, place] = 4
    return {"mask_positions": places.ravel(), "labels": labels.ravel(), "weights": weights.ravel()}


def spans(draw, ids, mask, rows):
    """The text begins at the fourth token; the answer lies in it, or at the first token where there is none."""
    lengths = mask.sum(1)
    first = np.array([draw.integers(4, n) if n > 6 else 0 for n in lengths], np.int32)
    last = np.array([min(f + draw.integers(0, 3), n - 1) if f else 0 for f, n in zip(first, lengths)], np.int32)
    first[rows:], last[rows:] = first[0], last[0]
    return {"start_positions": first, "end_positions": last, "weights": row_weights(rows)}


INPUTS = {"bert": ("input_ids", "attention_mask", "token_type_ids")}


def outputs(model, feeds):
    names = INPUTS.get(model.config.model_type, ("input_ids", "attention_mask"))
    return model(**{name: feeds[name] for name in names})


def cross_entropy(logits, labels):
    return torch.nn.functional.cross_entropy(logits, labels, reduction="none")


def mean(each, weights):
    return (each * weights.flatten()).sum() / weights.sum()


def classify(model, feeds):
    logits = outputs(model, feeds).logits
    return {"logits": logits, "loss": cross_entropy(logits, feeds["labels"])}


def estimate(model, feeds):
    value = outputs(model, feeds).logits.squeeze(-1)
    return {"estimate": value, "loss": (value - feeds["labels"]) ** 2}


def tag(model, feeds):
    logits = outputs(model, feeds).logits.flatten(0, 1)
    weights = feeds["weights"].flatten()
    return {
        "loss": cross_entropy(logits, feeds["labels"].flatten()) * weights,
        "predicted": logits.argmax(-1) * weights.long(),
    }


def fill(model, feeds):
    logits = outputs(model, feeds).logits.flatten(0, 1)[feeds["mask_positions"]]
    values, guesses = torch.log_softmax(logits, -1).topk(3)
    return {"loss": cross_entropy(logits, feeds["labels"]), "guesses": guesses, "chances": values.exp()}


def answer(model, feeds):
    output = outputs(model, feeds)
    real = feeds["attention_mask"] == 1
    start, end = (torch.where(real, logits, -1e4) for logits in (output.start_logits, output.end_logits))
    loss = (cross_entropy(start, feeds["start_positions"]) + cross_entropy(end, feeds["end_positions"])) / 2
    chances = {"start": start.log_softmax(-1) * real, "end": end.log_softmax(-1) * real}
    return {**chances, "loss": loss}


TASKS = {
    "classification": ("text-classification", "SequenceClassification", class_labels, classify, 3),
    "regression": ("text-regression", "SequenceClassification", value_labels, estimate, 0),
    "words": ("fill-mask", "MaskedLM", hidden_words, fill, 0),
    "tags": ("token-classification", "TokenClassification", tag_labels, tag, 3),
    "questions": ("question-answering", "QuestionAnswering", spans, answer, 0),
}
# Sizes, LoRA's targets, and the names of what stands on top for each task, as our Head.prefixes.
BERT = ("Bert", BertConfig, SIZES, ["query", "value"], {"words": "cls.predictions.", "questions": "qa_outputs."})
ROBERTA = (
    "Roberta", RobertaConfig, {**SIZES, "layer_norm_eps": 1e-5, "pad_token_id": 0, "type_vocab_size": 1},
    ["query", "value"], {"words": "lm_head.", "questions": "qa_outputs."},
)
DISTIL = dict(
    vocab_size=VOCAB, dim=16, n_layers=2, n_heads=2, hidden_dim=32, max_position_embeddings=32, initializer_range=0.3,
    attn_implementation="eager",
)
DISTILBERT = (
    "DistilBert", DistilBertConfig, DISTIL, ["q_lin", "v_lin"], {"words": "vocab_", "questions": "qa_outputs."},
)


def build(architecture, kind):
    name, config, sizes, targets, heads = architecture
    task, head, labels, evaluate, classes = TASKS[kind]
    one = {"num_labels": 1, "problem_type": "regression"} if kind == "regression" else {}
    outputs = {"num_labels": classes} if classes else one
    prefixes = (heads.get(kind, "classifier."),)
    if name == "DistilBert" and kind == "classification":
        prefixes = ("pre_classifier.", "classifier.")
    model_class = getattr(transformers, f"{name}For{head}")

    return Family(
        task=task, build=lambda: vary(model_class(config(**sizes, **outputs))), batches=lambda: token_batches(labels),
        evaluate=evaluate, loss=lambda model, feeds: mean(evaluate(model, feeds)["loss"], feeds["weights"]),
        length=LENGTH, targets=targets, labels=classes, head=prefixes,
    )


KINDS = {BERT[0]: TASKS, ROBERTA[0]: [k for k in TASKS if k != "regression"]}
FAMILIES = {
    f"{architecture[0].lower()}-{kind}": build(architecture, kind)
    for architecture in (BERT, ROBERTA, DISTILBERT)
    for kind in KINDS.get(architecture[0], KINDS["Roberta"])
}
