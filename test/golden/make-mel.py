"""
Makes mel.json: log-mel pictures of fixed noise by transformers' WhisperFeatureExtractor. Run by hand, in the environment
that make-tables.py describes: python test/golden/make-mel.py
Last made with torch 2.15.0, transformers 5.24.0.
"""

from importlib import import_module

import numpy as np
import torch
from transformers import WhisperFeatureExtractor

shared = import_module("make-tables")
# Samples a second, hop, window, mels, seconds of a picture, samples of the clip: shorter than the picture, as long, longer.
CASES = [(16000, 160, 400, 80, 1, 9001), (16000, 160, 400, 80, 1, 16000), (16000, 160, 400, 128, 1, 17123), (8000, 80, 200, 20, 2, 7777)]


def clip(count, salt):
    """Noise of the formula that grows louder, as 16 bits hold it; mel.test.ts makes the same."""
    loud = (np.arange(count) * 37 % 1000) / 1000 * (np.arange(count) / count)
    return np.floor(shared.spread(count, salt, 1.0).astype(np.float64) * loud * 20000)


def case(rate, hop, window, mels, seconds, count):
    extractor = WhisperFeatureExtractor(
        feature_size=mels, sampling_rate=rate, hop_length=hop, n_fft=window, chunk_length=seconds
    )
    samples = (clip(count, mels) / 32768).astype(np.float32)
    picture = extractor(samples, sampling_rate=rate, return_tensors="np")["input_features"][0]
    rows = sorted({0, 1, mels // 2, mels - 1})
    return {
        "rate": rate, "hop": hop, "window": window, "mels": mels, "frames": picture.shape[1], "count": count,
        "rows": [{"mel": mel, "values": [round(float(v), 5) for v in picture[mel]]} for mel in rows],
    }


if __name__ == "__main__":
    torch.set_num_threads(1)
    shared.write("mel.json", [case(*each) for each in CASES])
