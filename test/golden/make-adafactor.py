"""
Makes adafactor.json, run by hand in the environment of make-tables.py:

    .venv/bin/python test/golden/make-adafactor.py

The reference is transformers' Adafactor as its Trainer sets it up for optim="adafactor" (scale_parameter and relative_step
False; trainer_optimizer.py). Last made with torch 2.15.0, transformers 5.23.0.

`steps`: parameters of one to three axes under given gradients, every number after each update. `training`: tiny-bert on
the batches of tiny-bert.json, 20 steps with clipping, warm-up and decay groups.
"""

import json
import math
from pathlib import Path

import numpy as np
import torch
from transformers import BertForSequenceClassification, get_linear_schedule_with_warmup
from transformers.optimization import Adafactor

HERE = Path(__file__).resolve().parent
MASK = 0xFFFFFFFF
RATE = 1e-2
DECAY = 0.1
SHAPES = {"matrix.weight": [3, 4], "row.weight": [1, 5], "stack.weight": [2, 3, 4], "vector.bias": [6], "still.weight": [2, 2]}


def spread(count, salt, bound):
    """As in make-tables.py."""
    x = (np.arange(count, dtype=np.uint64) * 0x9E3779B1 + salt) & MASK
    x ^= x >> 16
    x = (x * 0x85EBCA6B) & MASK
    x ^= x >> 13
    return ((x.astype(np.float64) / 2**32 - 0.5) * 2 * bound).astype(np.float32)


def optimizer_of(named, rate, decay):
    """The decay groups of Trainer.create_optimizer."""
    kept = [p for name, p in named if "bias" in name.lower() or "layernorm" in name.lower()]
    shrunk = [p for _, p in named if all(p is not other for other in kept)]
    groups = [{"params": shrunk, "weight_decay": decay}, {"params": kept, "weight_decay": 0.0}]
    return Adafactor(groups, lr=rate, scale_parameter=False, relative_step=False)


def some_steps():
    named = []
    for salt, (name, shape) in enumerate(SHAPES.items()):
        named.append((name, torch.nn.Parameter(torch.from_numpy(spread(math.prod(shape), salt, 1.0)).reshape(shape))))
    optimizer = optimizer_of(named, RATE, DECAY)
    rows = []
    for step in range(4):
        for salt, (name, p) in enumerate(named):
            size = 0.0 if name.startswith("still") else 10.0 ** (-2 * step)
            p.grad = torch.from_numpy(spread(p.numel(), 50 + 10 * step + salt, size)).reshape(p.shape)
        optimizer.step()
        rows.append({name: p.flatten().tolist() for name, p in named})
    return {"rate": RATE, "decay": DECAY, "shapes": SHAPES, "values": rows}


def training():
    table = json.loads((HERE / "tiny-bert.json").read_text())
    model = BertForSequenceClassification.from_pretrained(
        HERE / "tiny-bert", num_labels=2, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0,
        attn_implementation="eager",
    ).float().train()
    with torch.no_grad():
        for parameter, salt in ((model.classifier.weight, 1), (model.classifier.bias, 2)):
            parameter.copy_(torch.from_numpy(spread(parameter.numel(), salt, 0.1)).reshape(parameter.shape))
    named = list(model.named_parameters())
    optimizer = optimizer_of(named, 1e-3, 0.01)
    steps = len(table["batches"])
    schedule = get_linear_schedule_with_warmup(optimizer, math.ceil(0.1 * steps), steps)
    losses, norms = [], []
    for rows in table["batches"]:
        ids = torch.zeros(len(rows), table["length"], dtype=torch.long)
        mask = torch.zeros_like(ids)
        for i, row in enumerate(rows):
            ids[i, : len(row["ids"])] = torch.tensor(row["ids"])
            mask[i, : len(row["ids"])] = 1
        optimizer.zero_grad()
        labels = torch.tensor([row["label"] for row in rows])
        loss = model(input_ids=ids, attention_mask=mask, labels=labels).loss
        loss.backward()
        norms.append(torch.nn.utils.clip_grad_norm_([p for _, p in named], 1.0).item())
        optimizer.step()
        schedule.step()
        losses.append(loss.item())
    return {"learning_rate": 1e-3, "losses": losses, "gradNorms": norms}


text = json.dumps({"steps": some_steps(), "training": training()}, separators=(",", ":"))
(HERE / "adafactor.json").write_text(text.replace('{"matrix', '\n{"matrix').replace('"training"', '\n"training"') + "\n")
