"""Offline embeddings by wordllama's bundled weights: 256 numbers a text, some 20,000 texts a second, no download.

Good for finding near-duplicates and clusters; it knows words, not what sentences mean. The only module that knows wordllama.
"""

from __future__ import annotations

import asyncio
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from ferrata.errors import UsageError
from ferrata.messages import Embeddings, Usage

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["LocalEmbeddings"]


class LocalEmbeddings:
    """Vectors of unit length; those of equal texts are equal. An empty text has a vector of zeros."""

    name = "local/wordllama-256"

    async def embed(self, texts: Sequence[str]) -> Embeddings:
        """One vector for each text.

        Raises:
            UsageError: wordllama is not installed.
        """
        if not texts:
            return Embeddings(self.name, [], Usage())
        # In a thread: the first call loads the weights, and many texts take their time.
        vectors, tokens = await asyncio.to_thread(_embed, list(texts))
        return Embeddings(self.name, vectors, Usage(input_tokens=tokens))


def _embed(texts: list[str]) -> tuple[list[list[float]], int]:
    import numpy as np

    model = _load()
    with np.errstate(invalid="ignore"):  # an empty text has no length to divide by
        vectors = np.nan_to_num(model.embed(texts, norm=True))
    tokens = sum(sum(encoding.attention_mask) for encoding in model.tokenize(texts))
    return cast("list[list[float]]", vectors.tolist()), tokens


@cache
def _load() -> Any:
    try:
        wordllama: Any = import_module("wordllama")
    except ImportError:
        raise UsageError(
            "offline embeddings need wordllama, which is not installed", hint="pip install 'ferrata[local]'"
        ) from None
    # The package's own folder has the layout of its cache, weights and tokenizer included, so nothing is fetched.
    folder = Path(wordllama.__file__).parent
    return wordllama.WordLlama.load(cache_dir=folder, disable_download=True)
