"""
Checks by hand that what Attune exports is what transformers and peft load, and that all agree on the same mails.

    attune runs export FULL_RUN --json                                    (prints the folder)
    attune runs export LORA_RUN --json                                    (likewise)
    attune predict FULL_RUN --input mails.csv --json > full.json
    attune predict LORA_RUN --input mails.csv --json > lora.json
    python test/golden/verify-export.py mails.csv --full FOLDER full.json --lora FOLDER lora.json --base MODEL_FOLDER

mails.csv has a column "text". Each prediction of Attune is compared with the reference's: the same label, and every
probability within 1e-3. Ends with 1 when any differs.
"""

import argparse
import csv
import json
import sys
from pathlib import Path

import torch
from peft import PeftModel
from transformers import AutoModelForSequenceClassification, AutoTokenizer

csv.field_size_limit(sys.maxsize)


def read_texts(path, most):
    with open(path, newline="", encoding="utf-8") as file:
        return [row["text"] for row in csv.DictReader(file)][:most]


def read_predictions(path):
    """The last JSON object of `attune predict --json` that holds predictions."""
    text = Path(path).read_text(encoding="utf-8").strip()
    try:
        value = json.loads(text)
    except json.JSONDecodeError:
        value = json.loads(text.splitlines()[-1])
    return value["labels"], value["predictions"]


@torch.no_grad()
def score(model, tokenizer, texts, length):
    model.eval()
    for text in texts:
        encoded = tokenizer(text, truncation=True, max_length=length, return_tensors="pt")
        yield torch.softmax(model(**encoded).logits[0].double(), 0).tolist()


def compare(name, model, tokenizer, texts, predictions_file, length):
    labels, predictions = read_predictions(predictions_file)
    if len(predictions) < len(texts):
        sys.exit(f"{name}: {predictions_file} holds {len(predictions)} predictions for {len(texts)} mails.")
    same = 0
    largest = 0.0
    for expected, got in zip(score(model, tokenizer, texts, length), predictions, strict=False):
        same += labels[max(range(len(expected)), key=expected.__getitem__)] == got["label"]
        largest = max(largest, *(abs(a - b) for a, b in zip(expected, got["scores"], strict=True)))
    good = same == len(texts) and largest < 1e-3
    print(f"{name}: {same} of {len(texts)} labels agree, largest difference of a probability {largest:.2e}")
    return good


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("mails")
    parser.add_argument("--full", nargs=2, metavar=("FOLDER", "PREDICTIONS"))
    parser.add_argument("--lora", nargs=2, metavar=("FOLDER", "PREDICTIONS"))
    parser.add_argument("--base", help="the base model's folder, for --lora")
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--max-length", type=int, default=128)
    options = parser.parse_args()
    texts = read_texts(options.mails, options.count)
    good = True
    if options.full:
        folder, predictions = options.full
        model, report = AutoModelForSequenceClassification.from_pretrained(folder, output_loading_info=True)
        if report["missing_keys"] or report["unexpected_keys"] or report["mismatched_keys"]:
            sys.exit(f"full: transformers did not take the folder as it is: {report}")
        tokenizer = AutoTokenizer.from_pretrained(folder)
        good &= compare("full", model, tokenizer, texts, predictions, options.max_length)
    if options.lora:
        folder, predictions = options.lora
        labels, _ = read_predictions(predictions)
        base = AutoModelForSequenceClassification.from_pretrained(options.base, num_labels=len(labels))
        model = PeftModel.from_pretrained(base, folder)
        tokenizer = AutoTokenizer.from_pretrained(options.base)
        good &= compare("lora", model, tokenizer, texts, predictions, options.max_length)
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
