"""
Classification heads of decoders for family.py: python test/golden/family.py make make-decoder-heads [NAME ...]
Last made with torch 2.15.0, transformers 5.24.0, peft 0.21.2.
"""

from importlib import import_module

from transformers import GPT2Config, GPT2ForSequenceClassification, LlamaConfig, LlamaForSequenceClassification

encoders = import_module("make-encoders")
family = import_module("family")

VOCAB = encoders.VOCAB
# The token behind which rows are padded is told apart from all others by being none of them.
SIZES = dict(num_labels=3, pad_token_id=0, attn_implementation="eager")


def evaluate(model, feeds):
    """GPT-2 would add an embedding for the type of a token, which no text has."""
    logits = model(input_ids=feeds["input_ids"], attention_mask=feeds["attention_mask"]).logits
    return {"logits": logits, "loss": encoders.cross_entropy(logits, feeds["labels"])}


def decoder(build, targets, fan=False):
    return family.Family(
        task="text-classification", build=lambda: family.vary(build()), length=encoders.LENGTH, labels=3,
        batches=lambda: encoders.token_batches(encoders.class_labels), evaluate=evaluate,
        loss=lambda model, feeds: encoders.mean(evaluate(model, feeds)["loss"], feeds["weights"]),
        targets=targets, head=("score.",), fan_in_fan_out=fan,
    )


FAMILIES = {
    "gpt2-classification": decoder(
        lambda: GPT2ForSequenceClassification(
            GPT2Config(vocab_size=VOCAB, n_embd=16, n_layer=2, n_head=2, n_positions=32, initializer_range=0.3, **SIZES)
        ),
        ["c_attn"],
        fan=True,
    ),
    "llama-classification": decoder(
        lambda: LlamaForSequenceClassification(
            LlamaConfig(
                vocab_size=VOCAB, hidden_size=16, intermediate_size=24, num_hidden_layers=2, num_attention_heads=2,
                num_key_value_heads=1, max_position_embeddings=32, initializer_range=0.3, **SIZES,
            )
        ),
        ["q_proj", "v_proj"],
    ),
}
