"""One measurement of the Python side: `python bench.py '<JSON>'`, the JSON being PeerSpec or PeerGeneration of peer.ts.

A plain PyTorch loop over transformers' and peft's own models, as their users write it: fused AdamW without decay on
biases and norms, linear schedule with warm-up, clipping by the global norm, dropout as in the model's config.
Writes {"event": "first_step"} when the first optimizer step is done, and at the end one JSON object with the timed
steps, their real tokens and the largest resident set of this process. Of generation, a step is a token after the first.
"""

import contextlib
import csv
import json
import os
import random
import resource
import sys
import time
import types

os.environ.update(HF_HUB_OFFLINE="1", TOKENIZERS_PARALLELISM="false", TRANSFORMERS_VERBOSITY="error")

import torch
import transformers
from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification, AutoTokenizer
from transformers import BertConfig, BertForSequenceClassification, GPT2Config, GPT2LMHeadModel

NO_DECAY = ("bias", "LayerNorm", "ln_")


def main(spec):
    torch.set_num_threads(spec["threads"])
    return generation(spec) if spec["kind"] == "generation" else training(spec)


def training(spec):
    torch.manual_seed(spec["seed"])
    model, batches = mails(spec) if spec["kind"] == "mails" else shape(spec)
    model.train()
    optimizer, schedule, trained = optimizer_of(model, spec)
    forward = torch.compile(model) if spec["compile"] else model
    precision = lambda: torch.autocast("cpu", dtype=torch.bfloat16) if spec["precision"] == "bf16" else contextlib.nullcontext()
    step_ms, step_tokens = [], []
    for step in range(spec["warmUp"] + spec["steps"]):
        begun = time.perf_counter()
        batch = next(batches)
        optimizer.zero_grad(set_to_none=True)
        with precision():
            loss = forward(**batch).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimizer.step()
        schedule.step()
        loss.item()
        step_ms.append((time.perf_counter() - begun) * 1000)
        step_tokens.append(int(batch["attention_mask"].sum()) if "attention_mask" in batch else batch["input_ids"].numel())
        if step == 0:
            print(json.dumps({"event": "first_step"}), flush=True)
    return {
        "stepMs": step_ms[spec["warmUp"] :],
        "stepTokens": step_tokens[spec["warmUp"] :],
        "peakBytes": peak_bytes(),
    }


def generation(spec):
    """Greedy, by generate with its cache: once to warm up and once on the clock, which a streamer reads at each token."""
    dtype = torch.bfloat16 if spec["precision"] == "bf16" else torch.float32
    model = AutoModelForCausalLM.from_pretrained(spec["modelDir"], dtype=dtype).eval()
    prompt = torch.tensor([spec["prompt"]])
    tokens = spec["tokens"]

    class Clock:
        def __init__(self):
            self.at = []

        def put(self, _):
            self.at.append(time.perf_counter())

        def end(self):
            pass

    def write():
        clock = Clock()
        with torch.inference_mode():
            ids = model.generate(
                prompt,
                attention_mask=torch.ones_like(prompt),
                do_sample=False,
                min_new_tokens=tokens,
                max_new_tokens=tokens,
                use_cache=True,
                streamer=clock,
            )
        # The first call tells of the prompt.
        return ids[0, prompt.shape[1] :].tolist(), clock.at[1:]

    write()
    ids, at = write()
    if not len(ids) == len(at) == tokens:
        raise RuntimeError(f"{len(ids)} tokens came at {len(at)} times where {tokens} were asked for")
    step_ms = [(after - before) * 1000 for before, after in zip(at, at[1:])]
    return {"ids": ids, "stepMs": step_ms, "stepTokens": [1] * len(step_ms), "peakBytes": peak_bytes()}


def peak_bytes():
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def mails(spec):
    """The pre-trained model and endless batches of e-mails, each padded to its own longest row."""
    tokenizer = AutoTokenizer.from_pretrained(spec["modelDir"])
    model = AutoModelForSequenceClassification.from_pretrained(spec["modelDir"], num_labels=2)
    with open(spec["file"], encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    random.Random(spec["seed"]).shuffle(rows)
    rows = rows[: int(len(rows) * 0.8)]
    classes = sorted({row["label"] for row in rows})
    labels = torch.tensor([classes.index(row["label"]) for row in rows])
    encoded = tokenizer([row["text"] for row in rows], truncation=True, max_length=spec["length"])
    if spec["method"] == "lora":
        model = adapted(model, task_type="SEQ_CLS", target_modules=["query", "value"])

    def batches():
        generator = torch.Generator().manual_seed(spec["seed"])
        while True:
            order = torch.randperm(len(rows), generator=generator)
            for at in range(0, len(rows) - spec["batch"] + 1, spec["batch"]):
                chosen = order[at : at + spec["batch"]]
                columns = {name: [encoded[name][i] for i in chosen] for name in encoded.keys()}
                yield {**tokenizer.pad(columns, return_tensors="pt"), "labels": labels[chosen]}

    return model, batches()


def adapted(model, **options):
    from peft import LoraConfig, get_peft_model

    return get_peft_model(model, LoraConfig(r=8, lora_alpha=16, lora_dropout=0.0, **options))


def shape(spec):
    """A model of the given config with random weights, and one batch of random tokens over and over."""
    size = (spec["batch"], spec["length"])
    config = dict(spec["config"])
    model_type = config.pop("model_type")
    ids = torch.randint(0, config["vocab_size"], size)
    if model_type == "gpt2":
        # No cache is filled while training, and without a mask attention takes its quickest way.
        model = GPT2LMHeadModel(GPT2Config(**config, use_cache=False))
        if spec["method"] == "lora":
            model = adapted(model, task_type="CAUSAL_LM", target_modules=["c_attn"], fan_in_fan_out=True)
        batch = {"input_ids": ids, "labels": ids}
    elif model_type == "lstm":
        model = RecurrentModel(**config)
        batch = {"input_ids": ids, "labels": ids.roll(-1, 1)}
    else:
        model = BertForSequenceClassification(BertConfig(**config, num_labels=2))
        batch = {
            "input_ids": ids,
            "attention_mask": torch.ones(size, dtype=torch.long),
            "token_type_ids": torch.zeros(size, dtype=torch.long),
            "labels": torch.arange(spec["batch"]) % 2,
        }

    def batches():
        while True:
            yield batch

    return model, batches()


class RecurrentModel(torch.nn.Module):
    """Embedding, LSTM layers and head, called as transformers' models are."""

    def __init__(self, vocab_size, hidden_size, num_layers):
        super().__init__()
        self.embedding = torch.nn.Embedding(vocab_size, hidden_size)
        self.lstm = torch.nn.LSTM(hidden_size, hidden_size, num_layers, batch_first=True)
        self.head = torch.nn.Linear(hidden_size, vocab_size, bias=False)

    def forward(self, input_ids, labels):
        hidden, _ = self.lstm(self.embedding(input_ids))
        loss = torch.nn.functional.cross_entropy(self.head(hidden).flatten(0, 1), labels.flatten())
        return types.SimpleNamespace(loss=loss)


def optimizer_of(model, spec):
    named = [(name, p) for name, p in model.named_parameters() if p.requires_grad]
    groups = [
        {"params": [p for n, p in named if not any(part in n for part in NO_DECAY)], "weight_decay": 0.01},
        {"params": [p for n, p in named if any(part in n for part in NO_DECAY)], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, lr=spec["learningRate"], fused=True)
    total = spec["warmUp"] + spec["steps"]
    schedule = transformers.get_linear_schedule_with_warmup(optimizer, total // 10, total)
    return optimizer, schedule, [p for _, p in named]


if __name__ == "__main__":
    print(json.dumps(main(json.loads(sys.argv[1]))), flush=True)
