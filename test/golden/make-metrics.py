"""
What seqeval, scipy and torchmetrics make of random answers, for metrics.test.ts: python test/golden/make-metrics.py
Last made with seqeval 1.2.2, scipy 1.17, torchmetrics 1.9.
"""

import json
import random
from pathlib import Path

from scipy.stats import pearsonr, spearmanr
from seqeval.metrics import f1_score, precision_score, recall_score
from torchmetrics.functional.text.squad import _compute_exact_match_score, _compute_f1_score

draw = random.Random(3)
TAGS = ["O", "O", "O", "B-PER", "I-PER", "B-LOC", "I-LOC", "E-LOC", "S-ORG", "I-ORG"]


def tagged():
    gold = [[draw.choice(TAGS) for _ in range(draw.randint(1, 12))] for _ in range(12)]
    said = [[tag if draw.random() < 0.8 else draw.choice(TAGS) for tag in row] for row in gold]
    return {
        "gold": gold, "predicted": said, "precision": float(precision_score(gold, said)),
        "recall": float(recall_score(gold, said)), "f1": float(f1_score(gold, said)),
    }


def numbers(count):
    gold = [round(draw.choice([1.0, 2.0, 3.0, draw.gauss(0, 2)]), 3) for _ in range(count)]
    said = [round(value + draw.gauss(0, 1), 1) for value in gold]
    return {
        "gold": gold, "predicted": said, "pearson": float(pearsonr(gold, said)[0]),
        "spearman": float(spearmanr(gold, said)[0]),
    }


ANSWERS = [
    ("the Eiffel Tower", "Eiffel Tower,"), ("1903", "in 1903"), ("", "nothing"), ("", ""), ("the", "a"),
    ("New York, New York", "new york"), ("An apple a day", "apple day"), ("it's", "its"), ("Paris.", "London"),
    ("café au lait", "Café  au lait"), ("the theatre", "theatre"), ("twenty-one", "twenty one"),
]

if __name__ == "__main__":
    table = {
        "tags": [tagged() for _ in range(4)],
        "numbers": [numbers(n) for n in (3, 10, 40)],
        "answers": [
            {"gold": gold, "predicted": said, "exact": int(_compute_exact_match_score(said, gold)), "f1": float(_compute_f1_score(said, gold))}
            for gold, said in ANSWERS
        ],
    }
    path = Path(__file__).resolve().parent / "metrics.json"
    path.write_text(json.dumps(table, separators=(",", ":")).replace('{"gold"', '\n{"gold"') + "\n")
