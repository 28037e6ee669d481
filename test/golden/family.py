"""
What every architecture is proved with: a tiny random checkpoint of the reference library, and the numbers that it gives.
A maker (make-*.py beside this file) describes models as `Family` values in a dictionary FAMILIES; run by hand, in the
environment that make-tables.py describes:

    python test/golden/family.py make make-encoders [NAME ...]     writes test/golden/family/NAME/
    python test/golden/family.py attentions make-encoders [NAME ...]   writes attentions.json beside the table
    python test/golden/family.py verify NAME FOLDER                loads what Attune exported after its ten steps
    python test/golden/family.py verify-adapter NAME FOLDER        the same of the adapter: peft loads it over the base

A folder holds config.json, model.safetensors, tokenizer files where there are any, and table.json: ten batches of feeds
by the names of our Task.batchSpecs, what an evaluation fetches of the first of them, and ten AdamW steps (losses,
gradient norms, first gradients, the first batch's fetches afterwards), once with all parameters and once with LoRA
(peft), whose matrices come from `spread`. Models are in eval mode throughout: no dropout. family.test.ts does the same.
"""

import copy
import json
import math
import sys
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Callable

import numpy as np
import torch
import transformers
from peft import LoraConfig, PeftModel, get_peft_model, get_peft_model_state_dict
from peft.utils import load_peft_weights
from safetensors.torch import save_file
from transformers.trainer_pt_utils import get_parameter_names

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
shared = import_module("make-tables")
STEPS = 10
RANK, ALPHA = 4, 8


@dataclass
class Family:
    """One tiny model, its task (our name), and how the reference computes what our task computes."""

    task: str
    """The model, random; called after torch.manual_seed(seed). transformers' or any module with a `config` dict."""
    build: Callable
    """Ten batches: feeds by name, numpy arrays of the shapes of our batchSpecs. `weights` is among them."""
    batches: Callable
    """(model, feeds as tensors) -> what our Task.evaluation fetches, by name."""
    evaluate: Callable
    """(model, feeds as tensors) -> the loss that our Task.trainingLoss gives: a scalar."""
    loss: Callable
    """Our padded length."""
    length: int
    """Linear layers that LoRA adapts, as our target_modules has them; none: no LoRA table."""
    targets: list
    """Classes, as many as our task is told of."""
    labels: int = 0
    """Beginnings of the names of what is trained beside the adapters (our Head.prefixes)."""
    head: tuple = ()
    """The same as peft is told them, where the reference calls its modules otherwise than its checkpoints."""
    modules: list | None = None
    """Settings of ours that differ from the defaults."""
    settings: dict = field(default_factory=dict)
    """Writes further files (a tokenizer) into the folder."""
    companions: Callable = lambda folder: None
    """The reference's name of a parameter -> ours; None: it is no parameter of ours."""
    rename: Callable = lambda name: name
    """Takes an exported folder; None: transformers does. A module of torch's own: (folder) -> model, all tensors taken."""
    load: Callable = None
    rates: tuple = (1e-3, 1e-2)
    fan_in_fan_out: bool = False
    seed: int = 5


def vary(model, scale=0.2):
    """Biases and norms begin at 0 and 1, and a fault in one would not be seen: moves them all."""
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() == 1:
                parameter.add_(torch.randn(parameter.shape) * scale)
    return model


def tensors(feeds):
    return {
        name: torch.from_numpy(values.astype(np.int64 if values.dtype.kind in "iu" else np.float32))
        for name, values in feeds.items()
    }


def numbers(values):
    """Flat, integers as they are, floats with the digits that float32 has."""
    array = values.detach().cpu().numpy() if isinstance(values, torch.Tensor) else values
    if array.dtype.kind in "iub":
        return [int(v) for v in array.ravel()]
    return [float(f"{float(v):.9g}") for v in array.ravel()]


def fetches(family, model, feeds):
    with torch.no_grad():
        return {name: numbers(values) for name, values in family.evaluate(model, feeds).items()}


def with_adapters(family, model):
    """LoRA of RANK and ALPHA; A and B from the formula, so that both have gradients at once."""
    config = LoraConfig(
        r=RANK, lora_alpha=ALPHA, lora_dropout=0.0, target_modules=list(family.modules or family.targets),
        fan_in_fan_out=family.fan_in_fan_out,
    )
    adapted = get_peft_model(model, config)
    named = sorted((family.rename(name), parameter) for name, parameter in shared.adapters(adapted).items())
    for i, (name, parameter) in enumerate(named):
        shared.fill(parameter, 100 + i, 0.2 if ".lora_A." in name else 0.1)
    for name, parameter in adapted.named_parameters():
        ours = family.rename(shared.plain(name))
        if ours is not None and ours.startswith(tuple(family.head)):
            parameter.requires_grad_(True)
    return adapted.eval()


def train(family, model, batches, rate):
    """As transformers' Trainer: decay groups, clipping at 1, linear schedule with 10 % warm-up."""
    trained = [(family.rename(shared.plain(name)), p) for name, p in model.named_parameters() if p.requires_grad]
    trained = [(name, p) for name, p in trained if name is not None]
    decayed = decaying(model)
    groups = [
        {"params": [p for _, p in trained if id(p) in decayed], "weight_decay": 0.01},
        {"params": [p for _, p in trained if id(p) not in decayed], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, lr=rate, betas=(0.9, 0.999), eps=1e-8)
    schedule = transformers.get_linear_schedule_with_warmup(optimizer, math.ceil(0.1 * STEPS), STEPS)
    losses, norms, first = [], [], {}
    for feeds in batches:
        optimizer.zero_grad()
        loss = family.loss(model, feeds)
        loss.backward()
        if not first:
            first = {name: gradient(p) for name, p in trained}
        norms.append(torch.nn.utils.clip_grad_norm_([p for _, p in trained], 1.0).item())
        optimizer.step()
        schedule.step()
        losses.append(loss.item())
    return {
        "learning_rate": rate, "losses": losses, "gradNorms": norms, "firstGradients": first,
        "after": fetches(family, model, batches[0]),
    }


def decaying(model):
    """The parameters that weight decay applies to, as Trainer.get_decay_parameter_names has it."""
    patterns = [r"bias", r"layernorm", r"rmsnorm", r"(?:^|\.)norm(?:$|\.)", r"_norm(?:$|\.)"]
    names = set(get_parameter_names(model, [torch.nn.LayerNorm], patterns))
    return {id(p) for name, p in model.named_parameters() if name in names}


def gradient(parameter):
    """One that the loss does not depend on has the gradient 0."""
    grad = torch.zeros_like(parameter) if parameter.grad is None else parameter.grad
    return {"norm": float(f"{grad.norm().item():.9g}"), "head": numbers(grad.flatten()[:4])}


def save(model, folder):
    folder.mkdir(parents=True, exist_ok=True)
    if hasattr(model, "save_pretrained"):
        model.save_pretrained(folder)
        (folder / "generation_config.json").unlink(missing_ok=True)
        return
    (folder / "config.json").write_text(json.dumps(model.config, indent=2) + "\n")
    save_file({name: p.contiguous() for name, p in model.state_dict().items()}, folder / "model.safetensors", {"format": "pt"})


def make(maker, name, family):
    torch.manual_seed(family.seed)
    model = family.build().float().eval()
    folder = HERE / "family" / name
    save(model, folder)
    family.companions(folder)
    raw = family.batches()
    assert len(raw) == STEPS, f"{name}: {STEPS} batches are needed"
    batches = [tensors(feeds) for feeds in raw]
    adapters = {"lora_r": RANK, "lora_alpha": ALPHA, "target_modules": list(family.targets)} if family.targets else {}
    table = {
        "maker": maker,
        "task": family.task,
        "length": family.length,
        "batchSize": len(next(iter(raw[0].values()))),
        "labels": family.labels,
        "settings": {**family.settings, **adapters},
        "batches": [{name: numbers(values) for name, values in feeds.items()} for feeds in raw],
        "evaluation": fetches(family, model, batches[0]),
        "full": train(family, copy.deepcopy(model), batches, family.rates[0]),
    }
    if family.targets:
        adapted = with_adapters(family, copy.deepcopy(model))
        table["lora"] = train(family, adapted, batches, family.rates[1])
    text = json.dumps(table, separators=(",", ":"))
    for key in ('"evaluation"', '"full"', '"lora"', '{"input_ids"'):
        text = text.replace(key, "\n" + key)
    (folder / "table.json").write_text(text + "\n")
    size = sum(file.stat().st_size for file in folder.iterdir())
    print(f"{name}: {size / 1000:.0f} kB, losses {table['full']['losses'][0]:.4f} -> {table['full']['losses'][-1]:.4f}")


@torch.no_grad()
def written(model, source, most, *, start, end, pad, forced=None):
    """What transformers writes of each row of a source (generate's arguments), greedily and with three beams."""
    # Whisper leaves out what every text starts from.
    first = 0 if model.config.model_type == "whisper" else 1
    rows = {}
    for beams in (1, 3):
        settings = transformers.GenerationConfig(
            max_length=most + 1, do_sample=False, num_beams=beams, length_penalty=1.0, forced_eos_token_id=forced,
            decoder_start_token_id=start, eos_token_id=end, pad_token_id=pad,
        )
        out = model.generate(**source, generation_config=settings)[:, first:].tolist()
        rows[beams] = [ended(row, end, pad) for row in out]
    ids = {"startId": start, "endId": end, "forcedEndId": forced, "maxNewTokens": most}
    return {**ids, "greedy": rows[1], "beams": rows[3]}


def ended(row, end, pad):
    """Up to the end, or to the padding before which Whisper leaves it out."""
    if end in row:
        return row[: row.index(end) + 1]
    while row[-1] == pad:
        row = row[:-1]
    return row


def save_writing(name, value):
    text = json.dumps(value, separators=(",", ":"))
    (HERE / "family" / name / "writing.json").write_text(text + "\n")
    print(name, text[-300:])


def attentions(name, family):
    """The attention weights of the first batch's first row, [heads, queries, keys] each, in the order of computation."""
    torch.manual_seed(family.seed)
    model = family.build().float().eval()
    seen = []

    def is_weights(value):
        return isinstance(value, torch.Tensor) and value.dim() == 4 and bool((value.sum(-1) - 1).abs().max() < 1e-4)

    def look(module, given, told):
        # Beside them a module may tell of a position bias; a layer around it hands the same tensor on.
        for value in told[1:] if isinstance(told, tuple) else ():
            if is_weights(value) and not any(value is one for one in seen):
                seen.append(value)

    for module in model.modules():
        module.register_forward_hook(look)
    fetches(family, model, tensors(family.batches()[0]))
    lines = [json.dumps({"shape": list(w.shape[1:]), "weights": numbers(w[0])}, separators=(",", ":")) for w in seen]
    (HERE / "family" / name / "attentions.json").write_text("[\n" + ",\n".join(lines) + "\n]\n")
    print(f"{name}: {len(seen)} attentions")


def described(name):
    """The table of a family and what describes it."""
    table = json.loads((HERE / "family" / name / "table.json").read_text())
    return table, import_module(table["maker"]).FAMILIES[name]


def taken(name, folder):
    """transformers' model of a folder. Ends with 1 where a tensor is missing, left over or of another shape."""
    config = json.loads((folder / "config.json").read_text())
    known = getattr(transformers, config["architectures"][0])
    model, report = known.from_pretrained(folder, attn_implementation="eager", output_loading_info=True)
    lost = {key: list(report[key]) for key in ("missing_keys", "unexpected_keys", "mismatched_keys") if report.get(key)}
    if lost:
        sys.exit(f"{name}: not taken as it is: {lost}")
    return model


def compare(name, family, model, expected):
    """Tells how far a model's fetches of the first batch are from a table's, and ends with 1 where that is too far."""
    got = fetches(family, model.float().eval(), tensors(family.batches()[0]))
    worst = max(max(abs(a - b) for a, b in zip(values, got[key], strict=True)) for key, values in expected.items())
    print(json.dumps({"name": name, "largest": worst}))
    sys.exit(0 if worst < 1e-3 else 1)


def verify(name, folder):
    """Ends with 1 unless the reference takes the folder as it is and gives what it gave after its own ten steps."""
    table, family = described(name)
    model = family.load(Path(folder)) if family.load else taken(name, Path(folder))
    compare(name, family, model, table["full"]["after"])


def verify_adapter(name, folder):
    """Ends with 1 unless peft takes the adapter over the base, each tensor of it, and gives what it gave after ten steps."""
    table, family = described(name)
    base = taken(name, HERE / "family" / name)
    adapted = PeftModel.from_pretrained(base, folder)
    stored, held = load_peft_weights(folder), get_peft_model_state_dict(adapted, save_embedding_layers=False)
    apart = sorted(set(stored) ^ set(held)) or [key for key in stored if not torch.equal(stored[key], held[key])]
    if apart:
        sys.exit(f"{name}: the adapter is not taken as it is: {apart}")
    compare(name, family, adapted, table["lora"]["after"])


if __name__ == "__main__":
    torch.set_num_threads(1)
    command, *rest = sys.argv[1:]
    if command == "make":
        maker, *wanted = rest
        families = import_module(maker).FAMILIES
        for name in wanted or families:
            make(maker, name, families[name])
    elif command == "attentions":
        maker, *wanted = rest
        families = import_module(maker).FAMILIES
        for name in wanted or families:
            attentions(name, families[name])
    else:
        {"verify": verify, "verify-adapter": verify_adapter}[command](*rest)
