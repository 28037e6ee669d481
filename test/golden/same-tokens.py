"""
What transformers writes, greedily, with full-sized models of random weights: python same-tokens.py FOLDER.
Writes FOLDER/NAME/ (a Hugging Face folder each) and FOLDER/tokens.json. same-tokens.ts runs it and writes the same.
"""

import json
import sys
from pathlib import Path

import torch
from transformers import GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM, MarianConfig, MarianMTModel

NEW = 64
# As far apart as a trained model's: with the usual 0.02 the likeliest tokens are nearly alike.
SPREAD = 0.06

MODELS = {
    "gpt2-small": lambda: GPT2LMHeadModel(GPT2Config(initializer_range=SPREAD, eos_token_id=None, bos_token_id=None)),
    "llama-shaped": lambda: LlamaForCausalLM(
        LlamaConfig(
            vocab_size=32000, hidden_size=768, intermediate_size=2048, num_hidden_layers=12, num_attention_heads=12,
            num_key_value_heads=4, max_position_embeddings=1024, initializer_range=SPREAD, eos_token_id=None,
            bos_token_id=None, pad_token_id=None,
        )
    ),
    # The original Transformer: 6 layers that read, 6 that write, width 512. It writes out of the prompt, not on from it.
    "marian-original": lambda: MarianMTModel(
        MarianConfig(
            d_model=512, encoder_layers=6, decoder_layers=6, encoder_attention_heads=8, decoder_attention_heads=8,
            encoder_ffn_dim=2048, decoder_ffn_dim=2048, max_position_embeddings=512, activation_function="swish",
            init_std=SPREAD, scale_embedding=False, forced_eos_token_id=None, eos_token_id=None,
        )
    ),
}


def main(folder):
    told = {}
    for name, build in MODELS.items():
        torch.manual_seed(1)
        model = build().float().eval()
        model.generation_config.eos_token_id = None
        model.save_pretrained(folder / name)
        prompts = [torch.randint(0, model.config.vocab_size, (1, length)).tolist()[0] for length in (5, 21, 60)]
        tokens = []
        for prompt in prompts:
            ids = torch.tensor([prompt])
            with torch.no_grad():
                written = model.generate(
                    ids, attention_mask=torch.ones_like(ids), do_sample=False, max_new_tokens=NEW, min_new_tokens=NEW,
                    pad_token_id=0,
                )
            # An encoder–decoder's begins with the token that every target starts from.
            tokens.append(written[0, 1 if model.config.is_encoder_decoder else len(prompt) :].tolist())
        told[name] = {"prompts": prompts, "tokens": tokens}
        if model.config.is_encoder_decoder:
            told[name]["startId"] = model.config.decoder_start_token_id
    (folder / "tokens.json").write_text(json.dumps(told))


if __name__ == "__main__":
    torch.set_num_threads(2)
    main(Path(sys.argv[1]))
