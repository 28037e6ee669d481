"""
Makes the tables that the golden tests compare with. Run by hand, when a table is to change:

    python3 -m venv .venv && .venv/bin/pip install torch transformers peft safetensors
    .venv/bin/python test/golden/make-tables.py [MINILM_FOLDER]

Writes schedules.json, tiny-bert/ (a random BERT with its tokenizer), tiny-bert.json, tokenizer-tiny-bert.json and, when
the starter model's folder is given, minilm.json and tokenizer-minilm.json. Reference: transformers and peft on PyTorch, CPU, fp32.
Last made with torch 2.15.0, transformers 5.23.0, peft 0.21.2.

make-gpt2-tables.py beside it makes those of GPT-2.

Weights that a checkpoint lacks (the head, the adapters) come from `spread`, which formula.ts repeats bit for bit.
"""

import json
import math
import random
import sys
from pathlib import Path

import numpy as np
import torch
from peft import LoraConfig, TaskType, get_peft_model
from transformers import AutoTokenizer, BertConfig, BertForSequenceClassification, BertModel, BertTokenizerFast
from transformers import get_linear_schedule_with_warmup, get_scheduler

HERE = Path(__file__).resolve().parent
MASK = 0xFFFFFFFF
LENGTH = 32
BATCH = 8
STEPS = 20
SENTENCES = [
    "A man is playing a guitar.",
    "Win a FREE prize now!!! Click http://example.com/claim?id=42",
    "Dear colleagues, the meeting moved to Thursday at 10:30.",
    "naïve café, déjà vu — 東京 is far",
    "ok",
    "Re: [ILUG] compiling the kernel 2.4.19 fails with 'undefined reference'",
    "The quick brown fox jumps over the lazy dog, again and again, until it is too long for one short window of tokens.",
    "$$$ 100% guaranteed, no risk, unsubscribe below $$$",
]
HARD = [
    "", " ", "a", "A", "hello world", "Hello, World!", "don't won't it's", "e-mail@example.com", "http://a.b/c?d=e&f=g#h",
    "1234567890", "3.14159", "1,000,000", "50%", "$9.99", "£5 €6 ¥7", "C++ C# F#", "foo_bar-baz/qux\\quux",
    "ALL CAPS AND lower", "MiXeD CaSe", "tabs\tand\nnewlines\r\nmixed", "   leading and trailing   ", "multiple     spaces",
    "naïve café déjà vu", "naïve (combining)", "Ünïcödé Ñandú", "ß straße", "İstanbul ısı", "Ελληνικά", "Русский текст",
    "עברית", "العربية", "हिन्दी", "ไทย", "東京都", "中文 English 混合", "日本語のテキスト", "한국어", "emoji 😀 👍🏽 👩‍👩‍👧",
    "zero\u200bwidth", "soft\u00adhyphen", "nbsp\u00a0here", "thin\u2009space", "bom\ufeffinside", "nul\u0000byte", "bell\u0007",
    "replacement \ufffd char", "“curly” ‘quotes’ — dash – en … dots", "[CLS] [SEP] [MASK] [UNK] [PAD]", "[cls] [sep]",
    "##ing ##ed", "antidisestablishmentarianism", "supercalifragilisticexpialidocious", "x" * 99, "x" * 101, "a" * 250,
    "word " * 100, "!?.,;:" * 12, "()[]{}<>", "^`~|", "@#&*", "½ ² ™ ® ﬁ Ⅷ", "a\u0301\u0300b", "𝒜𝓃𝒸𝒾𝑒𝓃𝓉", "\U00020000\U0002a6df",
    "Re: Fwd: RE:", "From: a@b.c\nTo: d@e.f\n\nBody", "<html><b>bold</b>&nbsp;</html>", "5'10\" tall", "rock'n'roll",
]


def spread(count, salt, bound):
    """`count` numbers in [−bound, bound), float32: an integer hash of the index. formula.ts says the same."""
    x = (np.arange(count, dtype=np.uint64) * 0x9E3779B1 + salt) & MASK
    x ^= x >> 16
    x = (x * 0x85EBCA6B) & MASK
    x ^= x >> 13
    return ((x.astype(np.float64) / 2**32 - 0.5) * 2 * bound).astype(np.float32)


def fill(parameter, salt, bound):
    with torch.no_grad():
        parameter.copy_(torch.from_numpy(spread(parameter.numel(), salt, bound)).reshape(parameter.shape))


def with_head(folder):
    """The classification model without dropout, its head from the formula."""
    model = BertForSequenceClassification.from_pretrained(
        folder, num_labels=2, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0, attn_implementation="eager"
    )
    fill(model.classifier.weight, 1, 0.1)
    fill(model.classifier.bias, 2, 0.1)
    return model.float().train()


def with_adapters(folder):
    """LoRA r 8, alpha 16 on query and value; A and B from the formula, so that both have gradients at once."""
    config = LoraConfig(
        task_type=TaskType.SEQ_CLS, r=8, lora_alpha=16, lora_dropout=0.0, target_modules=["query", "value"]
    )
    model = get_peft_model(with_head(folder), config)
    for salt, (name, parameter) in enumerate(sorted(adapters(model).items())):
        fill(parameter, 100 + salt, 0.05 if ".lora_A." in name else 0.02)
    return model.train()


def adapters(model):
    return {plain(name): p for name, p in model.named_parameters() if ".lora_" in name}


def plain(name):
    """Our name of a parameter of a peft model."""
    return (
        name.removeprefix("base_model.model.").replace(".default.", ".").replace(".modules_to_save.", ".")
    )


def decays(name):
    return not any(part in name.lower() for part in ("bias", "layernorm", ".ln_"))


def make_batches(vocab, words):
    """Rows of token ids with a class-dependent choice of words; the last batch is short."""
    draw = random.Random(7)
    batches = []
    for step in range(STEPS):
        rows = []
        for _ in range(BATCH if step < STEPS - 1 else 5):
            label = draw.randrange(2)
            pool = words[label]
            ids = [draw.choice(pool) if draw.random() < 0.3 else draw.randrange(*vocab) for _ in range(draw.randint(4, 30))]
            rows.append({"ids": [CLS, *ids, SEP], "label": label})
        batches.append(rows)
    return batches


def tensors(rows):
    ids = torch.zeros(len(rows), LENGTH, dtype=torch.long)
    mask = torch.zeros_like(ids)
    for i, row in enumerate(rows):
        ids[i, : len(row["ids"])] = torch.tensor(row["ids"])
        mask[i, : len(row["ids"])] = 1
    return {"input_ids": ids, "attention_mask": mask, "labels": torch.tensor([row["label"] for row in rows])}


def train(model, batches, rate, tensors=tensors):
    """The plain loop of transformers' Trainer: decay groups, clipping at 1, linear schedule with 10 % warm-up."""
    steps = len(batches)
    trained = [(plain(name), p) for name, p in model.named_parameters() if p.requires_grad]
    groups = [
        {"params": [p for name, p in trained if decays(name)], "weight_decay": 0.01},
        {"params": [p for name, p in trained if not decays(name)], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, lr=rate, betas=(0.9, 0.999), eps=1e-8)
    schedule = get_linear_schedule_with_warmup(optimizer, math.ceil(0.1 * steps), steps)
    losses, norms, first = [], [], {}
    for rows in batches:
        optimizer.zero_grad()
        loss = model(**tensors(rows)).loss
        loss.backward()
        if not first:
            first = {
                name: {"norm": p.grad.norm().item(), "head": [round(v, 9) for v in p.grad.flatten()[:4].tolist()]}
                for name, p in trained
            }
        norms.append(torch.nn.utils.clip_grad_norm_([p for _, p in trained], 1.0).item())
        optimizer.step()
        schedule.step()
        losses.append(loss.item())
    return {"learning_rate": rate, "losses": losses, "gradNorms": norms, "firstGradients": first}


def table(folder, tokenizer, batches, rates):
    encoded = [tokenizer(text, truncation=True, max_length=LENGTH)["input_ids"] for text in SENTENCES]
    model = with_head(folder).eval()
    with torch.no_grad():
        logits = [model(input_ids=torch.tensor([ids])).logits[0].tolist() for ids in encoded]
    return {
        "length": LENGTH,
        "batchSize": BATCH,
        "sentences": [
            {"text": text, "ids": ids, "logits": row} for text, ids, row in zip(SENTENCES, encoded, logits, strict=True)
        ],
        "batches": batches,
        "full": train(with_head(folder), batches, rates[0]),
        "lora": train(with_adapters(folder), batches, rates[1]),
    }


def tokenizer_table(tokenizer):
    return {
        "maxLength": 64,
        "rows": [
            {
                "text": text,
                "ids": tokenizer(text, truncation=True, max_length=64)["input_ids"],
                "length": len(tokenizer(text)["input_ids"]),
            }
            for text in HARD
        ],
    }


def schedule_table():
    """The factor on the learning rate before each update, and how many updates warm up."""
    rows = []
    for kind, name in (("linear", "linear"), ("cosine", "cosine"), ("constant", "constant_with_warmup")):
        for steps, ratio in ((10, 0.0), (10, 0.1), (25, 0.3), (7, 1.0), (1, 0.1)):
            warmup = math.ceil(steps * ratio)
            optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
            schedule = get_scheduler(name, optimizer, num_warmup_steps=warmup, num_training_steps=steps)
            factors = []
            for _ in range(steps):
                factors.append(schedule.get_last_lr()[0])
                optimizer.step()
                schedule.step()
            rows.append({"type": kind, "steps": steps, "warmupRatio": ratio, "factors": factors})
    return rows


def write(name, value):
    text = json.dumps(value, ensure_ascii=True, separators=(",", ":"))
    (HERE / name).write_text(text.replace('{"ids"', '\n{"ids"').replace('{"text"', '\n{"text"') + "\n")


def make_tiny():
    """A BERT of 2 layers, hidden 32, with a vocabulary of letters, digits, signs and a few words."""
    folder = HERE / "tiny-bert"
    folder.mkdir(exist_ok=True)
    letters = [chr(c) for c in range(ord("a"), ord("z") + 1)]
    digits = [str(d) for d in range(10)]
    words = "free prize win click now money meeting kernel patch list the a to and is of you for in".split()
    vocab = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *"!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", *digits, *letters]
    vocab += ["##" + c for c in digits + letters] + [word for word in words if len(word) > 1]
    (folder / "vocab.txt").write_text("\n".join(vocab) + "\n")
    tokenizer = BertTokenizerFast(vocab={token: i for i, token in enumerate(vocab)}, do_lower_case=True)
    tokenizer.model_max_length = 64
    tokenizer.save_pretrained(folder)
    torch.manual_seed(3)
    config = BertConfig(
        vocab_size=len(vocab), hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=64,
        max_position_embeddings=64, initializer_range=0.2,
    )
    BertModel(config).save_pretrained(folder)
    return folder, len(vocab)


if __name__ == "__main__":
    write("schedules.json", schedule_table())
    CLS, SEP = 2, 3
    tiny, size = make_tiny()
    tiny_tokenizer = AutoTokenizer.from_pretrained(tiny)
    signs = [range(40, 60), range(60, 80)]
    write("tiny-bert.json", table(tiny, tiny_tokenizer, make_batches((5, size), [list(s) for s in signs]), (1e-3, 1e-2)))
    write("tokenizer-tiny-bert.json", tokenizer_table(tiny_tokenizer))

    if len(sys.argv) > 1:
        CLS, SEP = 101, 102
        folder = Path(sys.argv[1])
        minilm = AutoTokenizer.from_pretrained(folder)
        pools = [list(range(2000, 2100)), list(range(5000, 5100))]
        write("minilm.json", table(folder, minilm, make_batches((1996, 29000), pools), (5e-5, 1e-3)))
        write("tokenizer-minilm.json", tokenizer_table(minilm))
