"""
Decision Transformers for family.py: python test/golden/family.py make make-decisions [NAME ...]
Last made with torch 2.15.0, transformers 5.24.0, peft 0.21.2.
"""

from importlib import import_module

import numpy as np
import torch
from transformers import DecisionTransformerConfig, DecisionTransformerModel

family = import_module("family")
Family, vary = family.Family, family.vary
LENGTH, BATCH, STATES, ACTIONS = 6, 4, 5, 3


def build(tanh):
    config = DecisionTransformerConfig(
        state_dim=STATES, act_dim=ACTIONS, hidden_size=16, max_ep_len=24, action_tanh=tanh, n_positions=20, n_layer=2,
        n_head=2, initializer_range=0.3, attn_implementation="eager",
    )
    model = vary(DecisionTransformerModel(config))
    # The loss of the paper does not depend on these.
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(not name.startswith(("encoder.wte.", "predict_state.", "predict_return.")))
    return model


def windows(tanh):
    """
    Ten batches of windows of unequal length, padded in front; the last one has three and a copy of its first. The first
    one, of which everything is compared, is whole: what is said at padding is nobody's concern.
    """
    draw = np.random.default_rng(17)
    batches = []
    for step in range(family.STEPS):
        rows = BATCH if step < family.STEPS - 1 else BATCH - 1
        states = draw.normal(size=(BATCH, LENGTH, STATES)).astype(np.float32)
        labels = draw.integers(0, ACTIONS, (BATCH, LENGTH)).astype(np.int32)
        numbers = draw.uniform(-1, 1, (BATCH, LENGTH, ACTIONS)).astype(np.float32)
        actions = numbers if tanh else np.eye(ACTIONS, dtype=np.float32)[labels]
        returns = np.sort(draw.uniform(0, 1, (BATCH, LENGTH)).astype(np.float32), 1)[:, ::-1].copy()
        mask = np.zeros((BATCH, LENGTH), np.int32)
        times = np.zeros((BATCH, LENGTH), np.int32)
        for i in range(BATCH):
            n = LENGTH if step == 0 or i == 0 else int(draw.integers(2, LENGTH + 1))
            mask[i, LENGTH - n :] = 1
            times[i, LENGTH - n :] = int(draw.integers(0, 24 - n)) + np.arange(n)
        for values in (states, actions, returns, labels):
            values[mask == 0] = 0
        if rows < BATCH:
            for values in (states, actions, returns, labels, mask, times):
                values[rows:] = values[0]
        weights = mask.astype(np.float32) * (np.arange(BATCH) < rows)[:, None]
        batches.append({
            "states": states, "actions": actions, "returns_to_go": returns, "timesteps": times, "attention_mask": mask,
            "weights": weights.astype(np.float32), **({} if tanh else {"labels": labels}),
        })
    return batches


def evaluate(model, feeds):
    said = model(
        states=feeds["states"], actions=feeds["actions"], returns_to_go=feeds["returns_to_go"][..., None],
        timesteps=feeds["timesteps"], attention_mask=feeds["attention_mask"],
    ).action_preds
    if "labels" in feeds:
        loss = torch.nn.functional.cross_entropy(said.flatten(0, 1), feeds["labels"].flatten(), reduction="none")
    else:
        loss = ((said - feeds["actions"]) ** 2).mean(-1).flatten()
    return {"actions": said, "loss": loss}


def loss(model, feeds):
    weights = feeds["weights"].flatten()
    return (evaluate(model, feeds)["loss"] * weights).sum() / weights.sum()


def decisions(tanh):
    return Family(
        task="decision-making", build=lambda: build(tanh), batches=lambda: windows(tanh), evaluate=evaluate, loss=loss,
        length=LENGTH, targets=["c_attn"], fan_in_fan_out=True, settings={"context_length": LENGTH},
    )


FAMILIES = {"decision-choices": decisions(False), "decision-numbers": decisions(True)}
