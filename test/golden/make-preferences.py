"""
Preference losses on decoders for family.py: python test/golden/family.py make make-preferences [NAME ...]
DPO (Rafailov et al. 2023) and IPO (Azar et al. 2023) written out in torch; the reference's log-probabilities are given
numbers, as they are constants of a training.
Last made with torch 2.15.0, transformers 5.24.0, peft 0.21.2.
"""

from importlib import import_module

import numpy as np
import torch
from torch.nn.functional import logsigmoid
from transformers import GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM

family = import_module("family")
Family, vary = family.Family, family.vary
PAIRS, LENGTH, VOCAB = 3, 24, 80
BETA, SMOOTHING = 0.2, 0.1


def pair_batches(mean):
    """Ten batches of pairs that share their prompt; `mean`: tokens weigh their share of the answer. The last has two."""
    draw = np.random.default_rng(11)
    batches = []
    for step in range(family.STEPS):
        pairs = PAIRS if step < family.STEPS - 1 else PAIRS - 1
        feeds = {
            "weights": (np.arange(PAIRS) < pairs).astype(np.float32),
            "input_ids": np.zeros((2 * PAIRS, LENGTH), np.int32),
            "position_ids": np.zeros((2 * PAIRS, LENGTH), np.int32),
            "labels": np.zeros((2 * PAIRS, LENGTH), np.int32),
            "token_weights": np.zeros((2 * PAIRS, LENGTH), np.float32),
            "reference_chosen": np.zeros(PAIRS, np.float32),
            "reference_rejected": np.zeros(PAIRS, np.float32),
        }
        for i in range(pairs):
            prompt = draw.integers(1, VOCAB, int(draw.integers(3, 9)))
            for side, name in enumerate(("reference_chosen", "reference_rejected")):
                answer = draw.integers(1, VOCAB, int(draw.integers(2, LENGTH - 8)))
                fill(feeds, side * PAIRS + i, np.concatenate([prompt, answer]), len(prompt), mean)
                feeds[name][i] = (1 if mean else len(answer)) * -4.5 + draw.normal()
        for i in range(pairs, PAIRS):
            for name, values in feeds.items():
                if name == "weights":
                    continue
                for side in range(len(values) // PAIRS):
                    values[side * PAIRS + i] = values[side * PAIRS]
        batches.append(feeds)
    return batches


def fill(feeds, row, ids, start, mean):
    n = len(ids)
    feeds["input_ids"][row, :n] = ids
    feeds["position_ids"][row, :n] = np.arange(n)
    feeds["labels"][row, : n - 1] = ids[1:]
    feeds["token_weights"][row, start - 1 : n - 1] = 1 / (n - start) if mean else 1


def log_probabilities(model, feeds):
    logits = model(input_ids=feeds["input_ids"], position_ids=feeds["position_ids"]).logits
    said = logits.log_softmax(-1).gather(-1, feeds["labels"].unsqueeze(-1)).squeeze(-1)
    sums = (said * feeds["token_weights"]).sum(1)
    return {"chosen": sums[:PAIRS], "rejected": sums[PAIRS:]}


def preference(build, targets, kind, fan=False):
    def loss(model, feeds):
        sums = log_probabilities(model, feeds)
        risen = (sums["chosen"] - feeds["reference_chosen"]) - (sums["rejected"] - feeds["reference_rejected"])
        if kind == "ipo":
            each = (risen - 1 / (2 * BETA)) ** 2
        else:
            each = -(1 - SMOOTHING) * logsigmoid(BETA * risen) - SMOOTHING * logsigmoid(-BETA * risen)
        return (each * feeds["weights"]).sum() / feeds["weights"].sum()

    return Family(
        task="preference", build=lambda: vary(build()), batches=lambda: pair_batches(kind == "ipo"),
        evaluate=log_probabilities, loss=loss, length=LENGTH, targets=targets, fan_in_fan_out=fan,
        settings={"dpo_beta": BETA, "dpo_loss_type": kind, "label_smoothing_factor": SMOOTHING if kind == "sigmoid" else 0},
    )


LLAMA = LlamaConfig(
    vocab_size=VOCAB, hidden_size=16, intermediate_size=24, num_hidden_layers=2, num_attention_heads=2,
    num_key_value_heads=1, max_position_embeddings=32, initializer_range=0.3, tie_word_embeddings=False,
    attn_implementation="eager",
)
GPT2 = GPT2Config(
    vocab_size=VOCAB, n_embd=16, n_layer=2, n_head=2, n_positions=32, initializer_range=0.3, attn_implementation="eager",
    bos_token_id=0, eos_token_id=0,
)

FAMILIES = {
    "llama-dpo": preference(lambda: LlamaForCausalLM(LLAMA), ["q_proj", "v_proj"], "sigmoid"),
    "gpt2-ipo": preference(lambda: GPT2LMHeadModel(GPT2), ["c_attn"], "ipo", fan=True),
}
