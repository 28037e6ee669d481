"""
Makes lstm.json, run by hand in the environment of make-tables.py:

    .venv/bin/python test/golden/make-lstm.py

The reference is torch.nn.LSTM over packed sequences, CPU, fp32. Last made with torch 2.15.0.

Each case tells its sizes, what came out (y, and h and c at the rows' ends), and the gradients of Σ weight·output, of all
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
CASES = {
    "one layer": {"inputSize": 5, "hiddenSize": 7, "layers": 1, "bidirectional": False, "steps": 4, "lengths": [4, 4]},
    "two layers in both directions, rows of different lengths": {
        "inputSize": 5, "hiddenSize": 6, "layers": 2, "bidirectional": True, "steps": 6, "lengths": [6, 1, 4],
    },
}


def spread(count, salt, bound):
    """As in make-tables.py."""
    x = (np.arange(count, dtype=np.uint64) * 0x9E3779B1 + salt) & MASK
    x ^= x >> 16
    x = (x * 0x85EBCA6B) & MASK
    x ^= x >> 13
    return ((x.astype(np.float64) / 2**32 - 0.5) * 2 * bound).astype(np.float32)


def some(salt, bound, *shape):
    return torch.from_numpy(spread(math.prod(shape), salt, bound)).reshape(shape)


def case(sizes):
    lengths = sizes["lengths"]
    model = torch.nn.LSTM(
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
        "c0": some(102, 1.0, places, len(lengths), sizes["hiddenSize"]),
    }
    for tensor in given.values():
        tensor.requires_grad_()
    packed = pack_padded_sequence(given["x"], torch.tensor(lengths), batch_first=True, enforce_sorted=False)
    packed_y, (h, c) = model(packed, (given["h0"], given["c0"]))
    y, _ = pad_packed_sequence(packed_y, batch_first=True, total_length=sizes["steps"])
    outputs = {"y": y, "h": h, "c": c}
    sum((some(200 + i, 1.0, *part.shape) * part).sum() for i, part in enumerate(outputs.values())).backward()
    gradients = {name: p.grad for name, p in {**given, **named}.items()}
    flat = lambda tensors: {name: [float(f"{x:.9g}") for x in t.flatten().tolist()] for name, t in tensors.items()}
    return {**sizes, "outputs": flat(outputs), "gradients": flat(gradients)}


text = json.dumps({name: case(sizes) for name, sizes in CASES.items()}, separators=(",", ":"))
(HERE / "lstm.json").write_text(text.replace('"outputs"', '\n"outputs"').replace('"gradients"', '\n"gradients"') + "\n")
