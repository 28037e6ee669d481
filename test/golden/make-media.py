"""
Models of pictures and speech for family.py: python test/golden/family.py make make-media [NAME ...]
Run by itself, it gives those that write transcripts writing.json: what is written of clips, token for token.
Last made with torch 2.15.0, transformers 5.24.0, peft 0.21.2.
"""

import re
from importlib import import_module

import numpy as np
import torch
from transformers import (
    ViTConfig,
    ViTForImageClassification,
    WhisperConfig,
    WhisperForAudioClassification,
    WhisperForConditionalGeneration,
)

family = import_module("family")
Family, vary = family.Family, family.vary
BATCH, LABELS = 4, 3


def batches(name, shape):
    """Ten batches of noise; the last one has three rows and a copy of its first."""
    draw = np.random.default_rng(11)
    made = []
    for step in range(family.STEPS):
        rows = BATCH if step < family.STEPS - 1 else BATCH - 1
        values = draw.standard_normal((BATCH, *shape)).round(3).astype(np.float32)
        labels = draw.integers(0, LABELS, BATCH).astype(np.int32)
        # What is to be told apart shows in the mean.
        values += labels.reshape(-1, *[1] * len(shape)).astype(np.float32) * 0.25
        values[rows:], labels[rows:] = values[0], labels[0]
        made.append({name: values, "labels": labels, "weights": (np.arange(BATCH) < rows).astype(np.float32)})
    return made


# transformers 5 calls ViT's modules otherwise than the checkpoints that it reads and writes.
VIT_NAMES = [
    (r"^vit\.layers\.", "vit.encoder.layer."), (r"\.attention\.q_proj\.", ".attention.attention.query."),
    (r"\.attention\.k_proj\.", ".attention.attention.key."), (r"\.attention\.v_proj\.", ".attention.attention.value."),
    (r"\.attention\.o_proj\.", ".attention.output.dense."), (r"\.mlp\.fc1\.", ".intermediate.dense."),
    (r"\.mlp\.fc2\.", ".output.dense."),
]


def vit_name(name):
    for pattern, ours in VIT_NAMES:
        name = re.sub(pattern, ours, name)
    return name


def classifier(task, build, name, shape, targets, head, rename=lambda name: name, modules=None):
    def evaluate(model, feeds):
        logits = model(**{name: feeds[name]}).logits
        return {"logits": logits, "loss": torch.nn.functional.cross_entropy(logits, feeds["labels"], reduction="none")}

    def loss(model, feeds):
        return (evaluate(model, feeds)["loss"] * feeds["weights"]).sum() / feeds["weights"].sum()

    return Family(
        task=task, build=lambda: vary(build()), batches=lambda: batches(name, shape), evaluate=evaluate, loss=loss,
        length=8, targets=targets, labels=LABELS, head=head, rename=rename,
        modules=modules,
    )


VIT = dict(
    hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32, patch_size=4,
    initializer_range=0.3, num_labels=LABELS, attn_implementation="eager",
)
WHISPER = dict(
    vocab_size=64, num_mel_bins=6, d_model=16, encoder_layers=2, encoder_attention_heads=2, encoder_ffn_dim=32,
    decoder_layers=2, decoder_attention_heads=4, decoder_ffn_dim=24, max_source_positions=10, max_target_positions=16,
    init_std=0.3, pad_token_id=0, bos_token_id=1, eos_token_id=2, decoder_start_token_id=3, begin_suppress_tokens=None,
    attn_implementation="eager",
)

LENGTH = 8


def transcripts():
    """Ten batches of clips with transcripts of unequal length; the last one has three rows and a copy of its first."""
    draw = np.random.default_rng(13)
    made = []
    for step in range(family.STEPS):
        rows = BATCH if step < family.STEPS - 1 else BATCH - 1
        features = draw.standard_normal((BATCH, 6, 20)).round(3).astype(np.float32)
        labels = np.zeros((BATCH, LENGTH), np.int32)
        weights = np.zeros((BATCH, LENGTH), np.float32)
        for i in range(rows):
            n = LENGTH if i == 0 else int(draw.integers(2, LENGTH + 1))
            labels[i, : n - 1] = draw.integers(4, 64, n - 1)
            labels[i, n - 1] = WHISPER["eos_token_id"]
            weights[i, :n] = 1
        features[rows:], labels[rows:] = features[0], labels[0]
        decoder = np.zeros_like(labels)
        decoder[:, 0] = WHISPER["decoder_start_token_id"]
        decoder[:, 1:] = labels[:, :-1]
        made.append({"input_features": features, "decoder_input_ids": decoder, "labels": labels, "weights": weights})
    return made


def transcribing(config):
    def evaluate(model, feeds):
        logits = model(input_features=feeds["input_features"], decoder_input_ids=feeds["decoder_input_ids"]).logits
        loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), feeds["labels"].flatten(), reduction="none")
        right = (logits.argmax(-1) == feeds["labels"]).float()
        return {"loss": loss, "right": right.flatten()}

    def loss(model, feeds):
        each = evaluate(model, feeds)["loss"]
        return (each * feeds["weights"].flatten()).sum() / feeds["weights"].sum()

    return Family(
        task="automatic-speech-recognition",
        build=lambda: vary(WhisperForConditionalGeneration(WhisperConfig(**WHISPER, **config))),
        batches=transcripts, evaluate=evaluate, loss=loss, length=LENGTH, targets=["q_proj", "v_proj"],
    )


FAMILIES = {
    "vit": classifier(
        "image-classification", lambda: ViTForImageClassification(ViTConfig(**VIT, image_size=8)),
        "pixel_values", (3, 8, 8), ["query", "value"], ("classifier.",), vit_name, ["q_proj", "v_proj"],
    ),
    "vit-grey": classifier(
        "image-classification",
        lambda: ViTForImageClassification(ViTConfig(**VIT, image_size=8, num_channels=1, qkv_bias=False)),
        "pixel_values", (1, 8, 8), ["query", "value"], ("classifier.",), vit_name, ["q_proj", "v_proj"],
    ),
    "whisper-classes": classifier(
        "audio-classification",
        lambda: WhisperForAudioClassification(WhisperConfig(**WHISPER, classifier_proj_size=8, num_labels=LABELS)),
        "input_features", (6, 20), ["q_proj", "v_proj"], ("projector.", "classifier."),
    ),
    "whisper": transcribing({}),
    "whisper-scaled": transcribing({"scale_embedding": True, "activation_function": "relu"}),
}

# One of the tokens that the models do write, so that transcripts end at different places.
END = 17


@torch.no_grad()
def generated(name):
    folder = family.HERE / "family" / name
    model = WhisperForConditionalGeneration.from_pretrained(folder, attn_implementation="eager").float().eval()
    clips = torch.from_numpy(FAMILIES[name].batches()[0]["input_features"])
    start, pad = WHISPER["decoder_start_token_id"], WHISPER["pad_token_id"]
    first = model(input_features=clips, decoder_input_ids=torch.full((len(clips), 1), start)).logits[:, 0]
    most = WHISPER["max_target_positions"] - 1
    return {
        "sources": [family.numbers(clip) for clip in clips],
        **family.written(model, {"input_features": clips}, most, start=start, end=END, pad=pad),
        "firstLogits": [family.numbers(row) for row in first],
    }


if __name__ == "__main__":
    import sys

    torch.set_num_threads(1)
    for name in sys.argv[1:] or ("whisper", "whisper-scaled"):
        family.save_writing(name, generated(name))
