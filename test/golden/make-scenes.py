"""
PaLM-E for family.py: python test/golden/family.py make make-scenes [NAME ...]
Last made with torch 2.15.0, transformers 5.24.0, peft 0.21.2.

No PaLM-E is public. The reference is the composition that the paper describes, of transformers' own parts: ViTModel's
tokens and a state, projected into the width of GPT2LMHeadModel's embeddings, in front of the words' embeddings.
"""

import json
from importlib import import_module

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from transformers import GPT2Config, GPT2LMHeadModel, ViTConfig, ViTModel

family = import_module("family")
vit_name = import_module("make-media").vit_name
Family, vary = family.Family, family.vary
LENGTH, BATCH, VOCAB, IMAGE, STATES = 8, 4, 60, 8, 5


class PalmE(torch.nn.Module):
    def __init__(self):
        super().__init__()
        words = GPT2Config(
            vocab_size=VOCAB, n_positions=24, n_embd=16, n_layer=2, n_head=2, initializer_range=0.3,
            attn_implementation="eager",
        )
        sight = ViTConfig(
            hidden_size=12, num_hidden_layers=1, num_attention_heads=2, intermediate_size=20, image_size=IMAGE,
            patch_size=4, initializer_range=0.3, attn_implementation="eager",
        )
        self.language_model = GPT2LMHeadModel(words)
        self.vision = ViTModel(sight, add_pooling_layer=False)
        self.vision_projection = torch.nn.Linear(sight.hidden_size, words.n_embd)
        self.state_projection = torch.nn.Linear(STATES, words.n_embd)
        self.config = {
            **words.to_dict(), "model_type": "palm_e", "architectures": ["PalmEForConditionalGeneration"],
            "vision_config": sight.to_dict(), "state_dim": STATES,
        }

    def forward(self, pixel_values, state, input_ids):
        seen = self.vision_projection(self.vision(pixel_values=pixel_values).last_hidden_state)
        known = self.state_projection(state)[:, None]
        words = self.language_model.transformer.wte(input_ids)
        logits = self.language_model(inputs_embeds=torch.cat((seen, known, words), 1)).logits
        return logits[:, seen.shape[1] + 1 :]

    def save_pretrained(self, folder):
        """Under the names that checkpoints have; the tied head is not written twice."""
        named = {ours(name): tensor.contiguous() for name, tensor in self.state_dict().items() if name != TIED}
        save_file(named, folder / "model.safetensors", {"format": "pt"})
        (folder / "config.json").write_text(json.dumps(self.config, indent=2) + "\n")


TIED = "language_model.lm_head.weight"


def ours(name):
    """transformers 5 calls ViT's modules otherwise than the checkpoints that it reads and writes."""
    return "vision." + vit_name("vit." + name[7:])[4:] if name.startswith("vision.") else name


def load(folder):
    stored = load_file(folder / "model.safetensors")
    model = PalmE()
    model.load_state_dict({name: stored[ours(name)] for name in model.state_dict() if name != TIED}, strict=False)
    return model.eval()


def scenes():
    """Ten batches of pictures, states and words of which the last few are answers; the last one has three rows."""
    draw = np.random.default_rng(23)
    batches = []
    for step in range(family.STEPS):
        rows = BATCH if step < family.STEPS - 1 else BATCH - 1
        pixels = draw.standard_normal((BATCH, 3, IMAGE, IMAGE)).round(3).astype(np.float32)
        state = draw.standard_normal((BATCH, STATES)).round(3).astype(np.float32)
        ids = np.zeros((BATCH, LENGTH), np.int32)
        labels, weights = np.zeros_like(ids), np.zeros((BATCH, LENGTH), np.float32)
        for i in range(rows):
            n = LENGTH if i == 0 else int(draw.integers(4, LENGTH + 1))
            prompt = int(draw.integers(1, n - 1))
            ids[i, :n] = draw.integers(1, VOCAB, n)
            labels[i, : n - 1] = ids[i, 1:n]
            weights[i, prompt - 1 : n - 1] = 1
        for values in (pixels, state, ids, labels):
            values[rows:] = values[0]
        batches.append({"pixel_values": pixels, "state": state, "input_ids": ids, "labels": labels, "weights": weights})
    return batches


def evaluate(model, feeds):
    logits = model(feeds["pixel_values"], feeds["state"], feeds["input_ids"]).flatten(0, 1)
    labels = feeds["labels"].flatten()
    loss = torch.nn.functional.cross_entropy(logits, labels, reduction="none")
    return {"loss": loss, "right": (logits.argmax(-1) == labels).float()}


def loss(model, feeds):
    weights = feeds["weights"].flatten()
    return (evaluate(model, feeds)["loss"] * weights).sum() / weights.sum()


FAMILIES = {
    "palm-e": Family(
        task="image-text-to-text", build=lambda: vary(PalmE()), batches=scenes, evaluate=evaluate, loss=loss,
        length=LENGTH, targets=["c_attn"], fan_in_fan_out=True, rename=ours, load=load,
        head=("vision.", "vision_projection.", "state_projection."),
    ),
}
