"""
Makes the tables that the golden tests of decoders and of generation compare with. Run by hand, when a table is to
change, in the environment that make-tables.py describes:

    .venv/bin/python test/golden/make-decoder-tables.py [NAME …]

Writes for each of gpt2, llama, qwen2 and qwen3 tiny-NAME/ (a random model with a small byte-level tokenizer) and
tiny-NAME.json; with gpt2 also tokenizer-tiny-gpt2.json and logits.json. Reference: transformers and peft on PyTorch, CPU, fp32.
Last made with torch 2.15.0, transformers 5.23.0, peft 0.21.2.
"""

import random
import sys
from importlib import import_module

import torch
from peft import LoraConfig, TaskType, get_peft_model
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    GPT2Config,
    LlamaConfig,
    PreTrainedTokenizerFast,
    Qwen2Config,
    Qwen3Config,
)
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


ENDS = {"bos_token_id": END, "eos_token_id": END}
LIKE_LLAMA = {
    "vocab_size": 300, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4,
    "num_key_value_heads": 2, "max_position_embeddings": 48, "initializer_range": 0.3, **ENDS,
}
LONGER = {
    "rope_type": "llama3", "rope_theta": 500.0, "factor": 4.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
    "original_max_position_embeddings": 24,
}
# Each of 2 layers, width 32, with 48 positions, its vectors large enough for its texts to vary. What is unusual about
# each is in it: llama has a head of its own and slowed turns, qwen2 biases and a tied head, qwen3 wider heads.
MODELS = {
    "gpt2": GPT2Config(
        vocab_size=300, n_positions=48, n_embd=32, n_layer=2, n_head=4, initializer_range=0.3, **ENDS
    ),
    "llama": LlamaConfig(**LIKE_LLAMA, rope_parameters=LONGER, tie_word_embeddings=False),
    "qwen2": Qwen2Config(**LIKE_LLAMA, tie_word_embeddings=True),
    "qwen3": Qwen3Config(**LIKE_LLAMA, head_dim=12, tie_word_embeddings=False),
}
# LoRA's, as peft chooses them.
TARGETS = {"gpt2": ["c_attn"], "llama": ["q_proj", "v_proj"], "qwen2": ["q_proj", "v_proj"], "qwen3": ["q_proj", "v_proj"]}


def make_tiny(name):
    folder = HERE / f"tiny-{name}"
    folder.mkdir(exist_ok=True)
    make_tokenizer(folder)
    torch.manual_seed(5)
    model = AutoModelForCausalLM.from_config(MODELS[name])
    # The words of its own embedding would win every time; biases and norms begin at 0 and 1 and would not be seen.
    with torch.no_grad():
        for parameter_name, parameter in model.named_parameters():
            if parameter_name.endswith(("c_proj.weight", "o_proj.weight", "down_proj.weight")):
                parameter.mul_(4)
            elif name != "gpt2" and parameter.dim() == 1:
                parameter.add_(torch.randn(parameter.shape) * 0.2)
    model.save_pretrained(folder)
    return folder


def load(folder):
    """Without dropout."""
    off = {"resid_pdrop": 0.0, "embd_pdrop": 0.0, "attn_pdrop": 0.0} if folder.name.endswith("gpt2") else {}
    model = AutoModelForCausalLM.from_pretrained(folder, attn_implementation="eager", **off)
    model.generation_config.pad_token_id = END
    return model.float()


def with_adapters(folder, fresh=False):
    """LoRA r 4, alpha 8 on the usual targets; A and B from the formula, unless they are to be as peft begins."""
    name = folder.name.removeprefix("tiny-")
    config = LoraConfig(
        task_type=TaskType.CAUSAL_LM, r=4, lora_alpha=8, lora_dropout=0.0, target_modules=TARGETS[name],
        fan_in_fan_out=name == "gpt2",
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


def ending(rows):
    """A token that ends some of these texts amid and others not at all."""
    inside = {token for row in rows for token in row[3:-3]}
    return min(inside, key=lambda token: (abs(sum(token in row for row in rows) - len(rows) / 2), token))


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
    end = ending(continuations(model, prompts, together=True))
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
        "ended": {"eos_token_id": end, "tokens": continuations(model, prompts, together=True, eos_token_id=end)},
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
    for name in sys.argv[1:] or MODELS:
        tiny = make_tiny(name)
        shared.write(f"tiny-{name}.json", table(tiny))
        if name == "gpt2":
            shared.write("tokenizer-tiny-gpt2.json", tokenizer_table(tiny))
            shared.write("logits.json", logits_table())
