"""
Makes what the chat templates are compared with: tiny-chat/ (a random Llama of two layers, a byte-level tokenizer with the
tokens of a ChatML-like template, which the folder brings) and chat.json: conversations through several templates by
transformers' apply_chat_template, as text, as ids and as the mask of what the assistant says; and the losses over it; and
prompts.json: how likely labels are in a prompt.

    python test/golden/make-chat.py

Last made with torch 2.15.0, transformers 5.24.0.
"""

import json
import re
from importlib import import_module
from pathlib import Path

import torch
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

shared = import_module("make-tables")
HERE = Path(__file__).resolve().parent
FOLDER = HERE / "tiny-chat"

MARKED = (
    "{%- for message in messages %}\n"
    "    {{- '<|im_start|>' + message['role'] + '\\n' }}\n"
    "    {%- if message['role'] == 'assistant' %}\n"
    "        {%- generation %}{{- message['content'] + '<|im_end|>' }}{%- endgeneration %}\n"
    "    {%- else %}\n"
    "        {{- message['content'] + '<|im_end|>' }}\n"
    "    {%- endif %}\n"
    "    {{- '\\n' }}\n"
    "{%- endfor %}\n"
    "{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}{%- endif %}\n"
)
# A beginning, what is said trimmed, the first system turn hoisted, a loop variable, a macro, a namespace.
HEADED = (
    "{%- macro head(role) -%}{{ '<|im_start|>' ~ role ~ '|' }}{%- endmacro -%}\n"
    "{{- bos_token }}\n"
    "{%- set ns = namespace(turns=messages, first='') -%}\n"
    "{%- if messages[0]['role'] == 'system' -%}\n"
    "  {%- set ns.first = messages[0]['content'] | trim -%}{%- set ns.turns = messages[1:] -%}\n"
    "{%- endif -%}\n"
    "{%- for message in ns.turns -%}\n"
    "  {%- if loop.index0 % 2 == 1 and message.role != 'assistant' -%}\n"
    "    {{- raise_exception('Turns must alternate') }}\n"
    "  {%- endif -%}\n"
    "  {{- head(message.role) }}\n"
    "  {%- if loop.first and ns.first -%}{{- ns.first ~ '\\n' }}{%- endif -%}\n"
    "  {%- if message.role == 'assistant' -%}\n"
    "    {%- generation -%}{{ message.content | trim }}{{ eos_token }}{%- endgeneration -%}\n"
    "  {%- else -%}\n"
    "    {{- message.content | trim }}{{ '<|im_end|>' }}\n"
    "  {%- endif -%}\n"
    "{%- endfor -%}\n"
    "{%- if add_generation_prompt -%}{{- head('assistant') }}{%- endif -%}\n"
)
# What was thought is written of the last turn only.
THINKING = (
    "{%- for message in messages -%}\n"
    "{{- '<|im_start|>' + message.role + '\\n' -}}\n"
    "{%- if message.role == 'assistant' and '</think>' in message.content and not loop.last -%}\n"
    "{{- message.content.split('</think>')[-1].lstrip('\\n') -}}\n"
    "{%- else -%}{{- message.content -}}{%- endif -%}\n"
    "{{- '<|im_end|>\\n' -}}\n"
    "{%- endfor -%}\n"
    "{%- if add_generation_prompt -%}{{- '<|im_start|>assistant\\n' -}}{%- endif -%}\n"
)

CONVERSATIONS = [
    [("user", "The quick brown fox?"), ("assistant", "It jumps over the lazy dog.")],
    [("system", " Be brief. "), ("user", "naïve café"), ("assistant", "£5"), ("user", "Really?\n\n"), ("assistant", "  Yes. ")],
    [("user", "Win a prize"), ("assistant", "<think>\nspam\n</think>\n\nNo."), ("user", "a"), ("assistant", "<think>\nb\n</think>\n\nc")],
    [("user", "tab\there"), ("assistant", "line\nline"), ("user", "and"), ("assistant", "ok"), ("user", "so"), ("assistant", "…")],
]


def make_folder():
    FOLDER.mkdir(exist_ok=True)
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    ends = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    trainer = trainers.BpeTrainer(
        vocab_size=300, special_tokens=ends, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
    )
    tokenizer.train_from_iterator(shared.SENTENCES, trainer)
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<|endoftext|>", eos_token="<|im_end|>", pad_token="<|endoftext|>",
        model_max_length=256,
    )
    fast.chat_template = MARKED
    fast.save_pretrained(FOLDER)
    torch.manual_seed(7)
    config = LlamaConfig(
        vocab_size=len(fast), hidden_size=16, intermediate_size=24, num_hidden_layers=2, num_attention_heads=2,
        num_key_value_heads=1, max_position_embeddings=256, initializer_range=0.3, bos_token_id=0, eos_token_id=2,
        tie_word_embeddings=True,
    )
    LlamaForCausalLM(config).save_pretrained(FOLDER)
    (FOLDER / "generation_config.json").unlink(missing_ok=True)
    return fast


def default_template():
    """Ours, out of its source."""
    source = (HERE / "../../core/data/chat/template.ts").read_text()
    block = re.search(r"defaultTemplate = \[\n(.*?)\n\]\.join", source, re.S).group(1)
    lines = [line.strip().rstrip(",") for line in block.splitlines()]
    # A JavaScript string reads as Python's does.
    return "".join(eval(line) for line in lines)


@torch.no_grad()
def rows_of(fast, model, template, marked):
    rows = []
    for turns in CONVERSATIONS:
        messages = [{"role": role, "content": content} for role, content in turns]
        text = fast.apply_chat_template(messages, chat_template=template, tokenize=False)
        opened = fast.apply_chat_template(messages, chat_template=template, tokenize=False, add_generation_prompt=True)
        encoded = fast.apply_chat_template(
            messages, chat_template=template, tokenize=True, return_dict=True, return_assistant_tokens_mask=marked
        )
        row = {"turns": [list(turn) for turn in turns], "text": text, "opened": opened, "ids": encoded["input_ids"]}
        if marked:
            mask = encoded["assistant_masks"]
            ids = torch.tensor([encoded["input_ids"]])
            labels = torch.where(torch.tensor([mask]) == 1, ids, -100)
            row["mask"] = mask
            row["loss"] = model(input_ids=ids, labels=labels).loss.item()
        rows.append(row)
    return rows


PROMPT = "{text}\n\nCategory: {label}"
LABELS = ["spam", "no spam at all", "ham"]


@torch.no_grad()
def prompted(fast, model):
    """What the model finds each label's tokens worth behind the prompt, nats, and the softmax over the labels."""
    rows = []
    for text in shared.SENTENCES[:6]:
        asked = fast(PROMPT.split("{label}")[0].replace("{text}", text))["input_ids"]
        whole = [fast(PROMPT.replace("{text}", text).replace("{label}", label))["input_ids"] for label in LABELS]
        start = next(i for i in range(len(asked) + 1) if i == len(asked) or any(ids[i] != asked[i] for ids in whole))
        sums = []
        for ids in whole:
            said = model(input_ids=torch.tensor([ids])).logits[0].log_softmax(-1)
            sums.append(sum(said[i - 1, ids[i]].item() for i in range(start, len(ids))))
        rows.append({"text": text, "scores": torch.tensor(sums).softmax(-1).tolist()})
    return {"template": PROMPT, "labels": LABELS, "rows": rows}


if __name__ == "__main__":
    torch.set_num_threads(1)
    fast = make_folder()
    model = LlamaForCausalLM.from_pretrained(FOLDER, attn_implementation="eager").float().eval()
    templates = [("marked", MARKED, True), ("headed", HEADED, True), ("thinking", THINKING, False), ("default", default_template(), False)]
    table = [
        {"name": name, "template": template, "rows": rows_of(fast, model, template, marked)}
        for name, template, marked in templates
    ]
    (HERE / "chat.json").write_text(json.dumps(table, ensure_ascii=False, indent=1) + "\n")
    (HERE / "prompts.json").write_text(json.dumps(prompted(fast, model), ensure_ascii=False, indent=1) + "\n")
    print({name: len(rows["rows"]) for (name, _, _), rows in zip(templates, table)})
