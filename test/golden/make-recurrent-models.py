"""
Recurrent models for family.py: python test/golden/family.py make make-recurrent-models [NAME ...]
Last made with torch 2.15.0. The reference is torch.nn.Embedding, LSTM, GRU and Linear in a module of our own, as
transformers has no such class. Rows of unequal length are packed sequences; documents that share a row are run one by one.

With each language model go ten tokens of greedy generation after prompts of unequal length: generation.json.
"""

import json
from importlib import import_module

import numpy as np
import torch
from safetensors.torch import load_file
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

family = import_module("family")
encoders = import_module("make-encoders")
Family = family.Family
LENGTH, BATCH, VOCAB = encoders.LENGTH, encoders.BATCH, encoders.VOCAB
PROMPTS = [[5], [7, 61, 12, 33], [20, 20, 20, 9, 70, 2, 44]]


class Recurrent(torch.nn.Module):
    def __init__(self, config, head, labels=3):
        super().__init__()
        self.config = config
        kind, units, ways = config["model_type"], config["hidden_size"], 2 if config["bidirectional"] else 1
        self.embedding = torch.nn.Embedding(config["vocab_size"], config["embedding_size"])
        layers = {"lstm": torch.nn.LSTM, "gru": torch.nn.GRU}[kind]
        more = {"batch_first": True, "bidirectional": ways == 2}
        setattr(self, kind, layers(config["embedding_size"], units, config["num_hidden_layers"], **more))
        if head == "classifier":
            self.classifier = torch.nn.Linear(ways * units, labels)
        elif not config["tie_word_embeddings"]:
            self.lm_head = torch.nn.Linear(units, config["vocab_size"], bias=False)

    def layers(self, x, state=None):
        return getattr(self, self.config["model_type"])(x, state)

    def matrix(self):
        return self.embedding.weight if self.config["tie_word_embeddings"] else self.lm_head.weight


def config(kind, **more):
    usual = {
        "model_type": kind, "vocab_size": VOCAB, "embedding_size": 12, "hidden_size": 16, "num_hidden_layers": 2,
        "bidirectional": False, "pooling": "last", "dropout": 0.1, "tie_word_embeddings": False,
        "max_sequence_length": 64,
    }
    return {**usual, **more}


def load(head):
    def loaded(folder):
        model = Recurrent(json.loads((folder / "config.json").read_text()), head)
        model.load_state_dict(load_file(folder / "model.safetensors"))
        return model

    return loaded


def classify(model, feeds):
    lengths = feeds["attention_mask"].sum(1)
    packed = pack_padded_sequence(model.embedding(feeds["input_ids"]), lengths, batch_first=True, enforce_sorted=False)
    packed_y, state = model.layers(packed)
    if model.config["pooling"] == "mean":
        y, _ = pad_packed_sequence(packed_y, batch_first=True, total_length=LENGTH)
        pooled = y.sum(1) / lengths[:, None]
    else:
        h = state[0] if isinstance(state, tuple) else state
        pooled = torch.cat(list(h[-2:] if model.config["bidirectional"] else h[-1:]), 1)
    logits = model.classifier(pooled)
    return {"logits": logits, "loss": encoders.cross_entropy(logits, feeds["labels"])}


def classifier(kind, **more):
    return Family(
        task="text-classification", build=lambda: Recurrent(config(kind, **more), "classifier"),
        batches=lambda: encoders.token_batches(encoders.class_labels), evaluate=classify,
        loss=lambda model, feeds: encoders.mean(classify(model, feeds)["loss"], feeds["weights"]),
        length=LENGTH, targets=[], labels=3, head=("classifier.",), load=load("classifier"), rates=(1e-2, 0),
    )


def documents(segments):
    """Beginning and end of each run of equal numbers."""
    edges = [0, *(i for i in range(1, len(segments)) if segments[i] != segments[i - 1]), len(segments)]
    return list(zip(edges, edges[1:]))


def judge(model, feeds):
    rows = []
    for ids, segments in zip(feeds["input_ids"], feeds["segment_ids"]):
        for begin, end in documents(segments.tolist()):
            y, _ = model.layers(model.embedding(ids[None, begin:end]))
            # Of no account where a document ends amid a row: Attune empties the state there.
            kept = y[0] if end == LENGTH else torch.cat([y[0, :-1], torch.zeros_like(y[0, -1:])])
            rows.append(kept)
    logits = torch.cat(rows) @ model.matrix().T
    labels = feeds["labels"].flatten()
    return {"loss": encoders.cross_entropy(logits, labels), "right": (logits.argmax(-1) == labels).float()}


def packed_batches():
    """Ten batches of rows of one to three documents, the rest of each row padding of number -1."""
    draw = np.random.default_rng(11)
    batches = []
    for _ in range(family.STEPS):
        feeds = {name: np.zeros((BATCH, LENGTH), np.int32) for name in ("input_ids", "position_ids", "labels")}
        segments, weights = np.full((BATCH, LENGTH), -1, np.int32), np.zeros((BATCH, LENGTH), np.float32)
        for row in range(BATCH):
            at = 0
            for number, size in enumerate(draw.integers(2, 8, 2) if row else [LENGTH]):
                ids = draw.integers(1, VOCAB, size)
                place = slice(at, at + size)
                feeds["input_ids"][row, place], feeds["position_ids"][row, place] = ids, np.arange(size)
                feeds["labels"][row, at : at + size - 1] = ids[1:]
                segments[row, place], weights[row, at : at + size - 1] = number, 1
                at += size
        batches.append({**feeds, "segment_ids": segments, "weights": weights})
    return batches


def generate(model):
    """Greedy, each prompt alone, until token 0."""
    found = []
    for prompt in PROMPTS:
        ids, state, fed = [], None, prompt
        with torch.no_grad():
            while len(ids) < 10:
                y, state = model.layers(model.embedding(torch.tensor([fed])), state)
                best = int((y[0, -1] @ model.matrix().T).argmax())
                if best == 0:
                    break
                ids.append(best)
                fed = [best]
        found.append({"prompt": prompt, "ids": ids})
    return found


def writer(kind, **more):
    def build():
        model = Recurrent(config(kind, eos_token_id=0, **more), "writer")
        # Larger than usual, that its texts vary.
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.mul_(3 if parameter.dim() == 2 else 1)
        return model

    def companions(folder):
        model = load("writer")(folder)
        (folder / "generation.json").write_text(json.dumps(generate(model.eval())) + "\n")

    return Family(
        task="text-generation", build=build, batches=packed_batches, evaluate=judge,
        loss=lambda model, feeds: encoders.mean(judge(model, feeds)["loss"], feeds["weights"].flatten()),
        length=LENGTH, targets=[], settings={"packing": True}, companions=companions, load=load("writer"), rates=(1e-2, 0),
    )


FAMILIES = {
    "lstm-classification": classifier("lstm", bidirectional=True),
    "lstm-generation": writer("lstm"),
    "gru-classification": classifier("gru", pooling="mean"),
    "gru-generation": writer("gru", embedding_size=16, tie_word_embeddings=True),
}
