"""
Makes the tables that the golden tests of GPT-2 and of generation compare with. Run by hand, when a table is to change,
in the environment that make-tables.py describes:

    .venv/bin/python test/golden/make-gpt2-tables.py

Writes tiny-gpt2/ (a random GPT-2 with a small byte-level tokenizer), tiny-gpt2.json, tokenizer-tiny-gpt2.json and
logits.json. Reference: transformers and peft on PyTorch, CPU, fp32.
Last made with torch 2.15.0, transformers 5.23.0, peft 0.21.2.
"""

import random
from importlib import import_module

import torch
from peft import LoraConfig, TaskType, get_peft_model
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import AutoTokenizer, GPT2Config, GPT2LMHeadModel, PreTrainedTokenizerFast
from transformers.generation.logits_process import (
    LogitsProcessorList,
    RepetitionPenaltyLogitsProcessor,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)

shared = import_module("make-tables")
HERE = shared.HERE
LENGTH = 24
BATCH = 4
STEPS = 10
END = 0
PROMPTS = ["The quick brown", "a", "Re: meeting", "naïve café costs £5 and", "Win a prize now, no risk"]


def make_tokenizer(folder):
    """Byte-level BPE as GPT-2 has it: all 256 bytes, some merges, and the token that ends a text."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=300,
        special_tokens=["<|endoftext|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(shared.SENTENCES, trainer)
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<|endoftext|>", eos_token="<|endoftext|>", model_max_length=48
    )
    fast.save_pretrained(folder)


def make_tiny():
    """A GPT-2 of 2 layers, width 32, with 48 positions, its vectors large enough for its texts to vary."""
    folder = HERE / "tiny-gpt2"
    folder.mkdir(exist_ok=True)
    make_tokenizer(folder)
    torch.manual_seed(5)
    config = GPT2Config(
        vocab_size=300, n_positions=48, n_embd=32, n_layer=2, n_head=4, initializer_range=0.3,
        bos_token_id=END, eos_token_id=END,
    )
    model = GPT2LMHeadModel(config)
    # The words of its own embedding would win every time.
    with torch.no_grad():
        for block in model.transformer.h:
            block.attn.c_proj.weight.mul_(4)
            block.mlp.c_proj.weight.mul_(4)
    model.save_pretrained(folder)
    return folder


def load(folder):
    """Without dropout."""
    model = GPT2LMHeadModel.from_pretrained(
        folder, resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0, attn_implementation="eager"
    )
    model.generation_config.pad_token_id = END
    return model.float()


def with_adapters(folder, fresh=False):
    """LoRA r 4, alpha 8 on c_attn; A and B from the formula, unless they are to be as peft begins."""
    config = LoraConfig(
        task_type=TaskType.CAUSAL_LM, r=4, lora_alpha=8, lora_dropout=0.0, target_modules=["c_attn"], fan_in_fan_out=True
    )
    model = get_peft_model(load(folder), config)
    for salt, (name, parameter) in enumerate(sorted(shared.adapters(model).items())):
        if not fresh:
            shared.fill(parameter, 100 + salt, 0.2 if ".lora_A." in name else 0.1)
    return model


def make_batches():
    """Rows of tokens of unequal length, a word following another more often than not; the last batch is short."""
    draw = random.Random(11)
    batches = []
    for step in range(STEPS):
        rows = []
        for _ in range(BATCH if step < STEPS - 1 else 3):
            ids = [draw.randrange(1, 300)]
            while len(ids) < draw.randint(5, LENGTH):
                ids.append((ids[-1] * 7 + 3) % 299 + 1 if draw.random() < 0.7 else draw.randrange(1, 300))
            rows.append({"ids": ids[:LENGTH]})
        batches.append(rows)
    return batches


def tensors(rows):
    """Padded behind the text; only real tokens have a label, which the model shifts."""
    ids = torch.full((len(rows), LENGTH), END)
    labels = torch.full((len(rows), LENGTH), -100)
    mask = torch.zeros_like(ids)
    for i, row in enumerate(rows):
        n = len(row["ids"])
        ids[i, :n] = labels[i, :n] = torch.tensor(row["ids"])
        mask[i, :n] = 1
    return {"input_ids": ids, "attention_mask": mask, "labels": labels}


@torch.no_grad()
def continuations(model, prompts, together, **options):
    """New tokens after each prompt; together, the shorter ones are padded on the left."""
    if not together:
        return [continuations(model, [ids], True, **options)[0] for ids in prompts]
    longest = max(map(len, prompts))
    ids = torch.tensor([[END] * (longest - len(row)) + row for row in prompts])
    mask = torch.tensor([[0] * (longest - len(row)) + [1] * len(row) for row in prompts])
    out = model.generate(ids, attention_mask=mask, do_sample=False, max_new_tokens=20, **options)
    rows = [row[longest:].tolist() for row in out]
    # What follows the end of a text is padding.
    end = options.get("eos_token_id")
    return [row[: row.index(end) + 1] if end in row else row for row in rows]


def table(folder):
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = load(folder).eval()
    texts = []
    with torch.no_grad():
        for text in shared.SENTENCES[:4]:
            ids = tokenizer(text)["input_ids"][:LENGTH]
            output = model(input_ids=torch.tensor([ids]), labels=torch.tensor([ids]))
            logits = output.logits[0]
            texts.append({
                "text": text, "ids": ids, "loss": output.loss.item(),
                "last": [round(v, 6) for v in logits[-1].tolist()], "largest": logits.max(-1).values.tolist(),
            })
    prompts = [tokenizer(text)["input_ids"] for text in PROMPTS]
    batches = make_batches()
    trained = with_adapters(folder)
    lora = shared.train(trained.train(), batches, 1e-2, tensors)
    return {
        "length": LENGTH,
        "batchSize": BATCH,
        "texts": texts,
        "batches": batches,
        "full": shared.train(load(folder).train(), batches, 1e-3, tensors),
        "lora": lora,
        "generation": [
            {"text": text, "prompt": ids, "alone": alone, "together": together, "penalised": penalised}
            for text, ids, alone, together, penalised in zip(
                PROMPTS,
                prompts,
                continuations(model, prompts, together=False),
                continuations(model, prompts, together=True),
                continuations(model, prompts, together=False, repetition_penalty=1.5),
                strict=True,
            )
        ],
        "ended": {"eos_token_id": 234, "tokens": continuations(model, prompts, together=True, eos_token_id=234)},
        "afterLora": continuations(trained.eval(), prompts, together=False),
    }


def tokenizer_table(folder):
    tokenizer = AutoTokenizer.from_pretrained(folder)
    rows = shared.tokenizer_table(tokenizer)
    for row in rows["rows"]:
        row["decoded"] = tokenizer.decode(row["ids"], clean_up_tokenization_spaces=False)
    return rows


def logits_table():
    """What transformers' processors make of fixed logits; null for what is left out."""
    seen = [3, 7, 7, 30]
    rows = []
    for spread, count in ((4.0, 40), (12.0, 40)):
        logits = [round(v, 4) for v in shared.spread(count, 9, spread).tolist()]
        logits[11] = logits[5]
        for penalty, temperature, top_k, top_p in (
            (1.0, 1.0, 0, 1.0), (1.3, 1.0, 0, 1.0), (1.0, 0.7, 0, 1.0), (1.0, 1.0, 5, 1.0), (1.0, 1.0, 100, 1.0),
            (1.0, 1.0, 0, 0.9), (1.0, 1.0, 0, 0.05), (0.8, 1.7, 12, 0.8), (1.2, 0.3, 3, 0.95),
        ):
            processors = LogitsProcessorList()
            if penalty != 1.0:
                processors.append(RepetitionPenaltyLogitsProcessor(penalty))
            if temperature != 1.0:
                processors.append(TemperatureLogitsWarper(temperature))
            if top_k > 0:
                processors.append(TopKLogitsWarper(top_k))
            if top_p < 1.0:
                processors.append(TopPLogitsWarper(top_p))
            scores = processors(torch.tensor([seen]), torch.tensor([logits]))[0]
            kept = [None if v == float("-inf") else round(v, 6) for v in scores.tolist()]
            rows.append({
                "repetition_penalty": penalty, "temperature": temperature, "top_k": top_k, "top_p": top_p,
                "seen": seen, "logits": logits, "scores": kept,
            })
    return rows


if __name__ == "__main__":
    tiny = make_tiny()
    shared.write("tiny-gpt2.json", table(tiny))
    shared.write("tokenizer-tiny-gpt2.json", tokenizer_table(tiny))
    shared.write("logits.json", logits_table())
