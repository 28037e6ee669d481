"""
What transformers writes with a folder that Attune exported, by the folder's own files and settings alone:

    python test/golden/write-exported.py FOLDER SOURCES.json

SOURCES.json holds {"texts": [text]} or {"clips": [[mels, frames] numbers]}. Prints, as JSON, the tokens that are written of
each, the start left out and the end kept, and the tokens that each text is read as. written-elsewhere.test.ts runs it.
"""

import json
import sys
from pathlib import Path

import torch
from transformers import AutoConfig, AutoModelForSeq2SeqLM, AutoModelForSpeechSeq2Seq, AutoTokenizer


def main(folder, sources):
    config = AutoConfig.from_pretrained(folder)
    hears = "clips" in sources
    known = AutoModelForSpeechSeq2Seq if hears else AutoModelForSeq2SeqLM
    model, report = known.from_pretrained(folder, output_loading_info=True)
    if report["missing_keys"] or report["unexpected_keys"] or report["mismatched_keys"]:
        sys.exit(f"transformers did not take the folder as it is: {report}")
    model = model.float().eval()
    end = model.generation_config.eos_token_id
    read, written = [], []
    tokenizer = AutoTokenizer.from_pretrained(folder)
    with torch.no_grad():
        for source in sources["clips" if hears else "texts"]:
            if hears:
                clip = torch.tensor(source).reshape(1, config.num_mel_bins, -1)
                tokens = model.generate(clip)[0].tolist()
            else:
                inputs = tokenizer(source, return_tensors="pt")
                read.append(inputs.input_ids[0].tolist())
                # What every text starts from.
                tokens = model.generate(inputs.input_ids, attention_mask=inputs.attention_mask)[0, 1:].tolist()
            written.append(tokens[: tokens.index(end) + 1] if end in tokens else tokens)
    texts = [tokenizer.decode(tokens, skip_special_tokens=True) for tokens in written]
    print(json.dumps({"read": read, "written": written, "texts": texts}))


if __name__ == "__main__":
    torch.set_num_threads(1)
    main(Path(sys.argv[1]), json.loads(Path(sys.argv[2]).read_text()))
