"""
Makes recurrent.json, run by hand in the environment of make-tables.py:

    .venv/bin/python test/golden/make-recurrent.py

The reference is torch.nn.LSTM and torch.nn.GRU over packed sequences, CPU, fp32. Last made with torch 2.15.0.

Each case tells its sizes, what came out (y, and h, of the LSTM also c, at the rows' ends), and the gradients of Σ weight·output, of all
parameters and of the inputs; everything given comes from `spread`, salted by its place in the list.
"""

import json
import math
from pathlib import Path

import numpy as np
import torch
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

HERE = Path(__file__).resolve().parent
MASK = 0xFFFFFFFF
KINDS = {"lstm": torch.nn.LSTM, "gru": torch.nn.GRU}
CASES = [
    {"inputSize": 5, "hiddenSize": 7, "layers": 1, "bidirectional": False, "steps": 4, "lengths": [4, 4]},
    {"inputSize": 5, "hiddenSize": 6, "layers": 2, "bidirectional": True, "steps": 6, "lengths": [6, 1, 4]},
]


def spread(count, salt, bound):
    """As in make-tables.py."""
    x = (np.arange(count, dtype=np.uint64) * 0x9E3779B1 + salt) & MASK
    x ^= x >> 16
    x = (x * 0x85EBCA6B) & MASK
    x ^= x >> 13
    return ((x.astype(np.float64) / 2**32 - 0.5) * 2 * bound).astype(np.float32)


def some(salt, bound, *shape):
    return torch.from_numpy(spread(math.prod(shape), salt, bound)).reshape(shape)


def case(kind, sizes):
    lengths = sizes["lengths"]
    model = KINDS[kind](
        sizes["inputSize"], sizes["hiddenSize"], sizes["layers"], batch_first=True, bidirectional=sizes["bidirectional"]
    )
    named = dict(model.named_parameters())
    with torch.no_grad():
        for salt, p in enumerate(named.values()):
            p.copy_(some(salt, 1.0, *p.shape))
    places = sizes["layers"] * (2 if sizes["bidirectional"] else 1)
    given = {
        "x": some(100, 2.0, len(lengths), sizes["steps"], sizes["inputSize"]),
        "h0": some(101, 1.0, places, len(lengths), sizes["hiddenSize"]),
    }
    if kind == "lstm":
        given["c0"] = some(102, 1.0, places, len(lengths), sizes["hiddenSize"])
    for tensor in given.values():
        tensor.requires_grad_()
    packed = pack_padded_sequence(given["x"], torch.tensor(lengths), batch_first=True, enforce_sorted=False)
    packed_y, state = model(packed, (given["h0"], given["c0"]) if kind == "lstm" else given["h0"])
    y, _ = pad_packed_sequence(packed_y, batch_first=True, total_length=sizes["steps"])
    outputs = {"y": y, "h": state[0], "c": state[1]} if kind == "lstm" else {"y": y, "h": state}
    sum((some(200 + i, 1.0, *part.shape) * part).sum() for i, part in enumerate(outputs.values())).backward()
    gradients = {name: p.grad for name, p in {**given, **named}.items()}
    flat = lambda tensors: {name: [float(f"{x:.9g}") for x in t.flatten().tolist()] for name, t in tensors.items()}
    return {"kind": kind, **sizes, "outputs": flat(outputs), "gradients": flat(gradients)}


text = json.dumps([case(kind, sizes) for kind in KINDS for sizes in CASES], separators=(",", ":"))
(HERE / "recurrent.json").write_text(text.replace('"outputs"', '\n"outputs"').replace('"gradients"', '\n"gradients"') + "\n")
