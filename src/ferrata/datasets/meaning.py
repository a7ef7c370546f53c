"""Texts of near meaning among very many: the cosine of their embeddings, all pairs of them, a block at a time.

Knows no model: whoever asks hands in what makes embeddings. What a cosine is worth depends on the model that made them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from ferrata.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.intp]
    Vectors = NDArray[np.float32]

__all__ = ["Meaning", "NearRow", "near_rows", "unit_vectors"]

_BATCH = 256  # texts that are embedded at a time
_MOST_CELLS = 1 << 23  # cosines in memory at a time: 32 MiB


@dataclass(frozen=True)
class Meaning:
    """How texts are compared by meaning.

    Attributes:
        embed: from texts to a vector each, all of one length.
        model: the name of what makes them.
        least: from which cosine on (0 to 1) texts are near.

    Raises:
        UsageError: `least` is out of its range.
    """

    embed: Callable[[Sequence[str]], Sequence[Sequence[float]]]
    model: str = ""
    least: float = 0.7

    def __post_init__(self) -> None:
        if not 0 < self.least <= 1:
            raise UsageError(f"a cosine of {self.least:g}", hint="give a number above 0, to 1")


class NearRow(NamedTuple):
    """A row, the numbers of those that are near to it, in their order, and their cosines."""

    row: int
    others: Numbers
    cosines: Vectors

    def nearest(self, most: int) -> list[tuple[int, float]]:
        """The nearest ones, the nearest first: number and cosine."""
        import numpy as np

        kept = np.arange(len(self.others))
        if len(kept) > most:
            kept = np.argpartition(-self.cosines, most)[:most]
        found = zip(self.others[kept].tolist(), self.cosines[kept].tolist(), strict=True)
        return sorted(found, key=lambda one: (-one[1], one[0]))

    def only(self, wanted: NDArray[np.bool_]) -> NearRow:
        """Those of the near ones for which, by their own number, `wanted` is true."""
        chosen = wanted[self.others]
        return NearRow(self.row, self.others[chosen], self.cosines[chosen])


def unit_vectors(meaning: Meaning, texts: Sequence[str]) -> Vectors:
    """The embeddings of texts, each of length 1 (or of zeros, as it came): shape texts x numbers.

    Raises:
        UsageError: their lengths differ, or a number is none.
        FerrataError: as the model's.
    """
    import numpy as np

    blocks: list[Vectors] = []
    for begin in range(0, len(texts), _BATCH):
        batch = list(texts[begin : begin + _BATCH])
        try:
            block = np.asarray(meaning.embed(batch), dtype=np.float32)
        except ValueError:
            block = np.empty(0, dtype=np.float32)
        if block.ndim != 2 or len(block) != len(batch) or (blocks and block[0].size != blocks[0][0].size):
            raise UsageError(
                f"{meaning.model!r} made vectors of several lengths, or not one for each text",
                hint="name another model for embeddings",
            )
        lengths = np.linalg.norm(block, axis=1, keepdims=True)
        if not np.isfinite(lengths).all():
            raise UsageError(f"{meaning.model!r} made a vector that is no vector", hint="name another model")
        blocks.append(block / np.where(lengths > 0, lengths, 1).astype(np.float32))
    return np.concatenate(blocks) if blocks else np.empty((0, 0), dtype=np.float32)


def near_rows(given: Vectors, among: Vectors | None, least: float) -> Iterator[NearRow]:
    """Each row that has near ones.

    All pairs are compared, so time goes with the product of both numbers; memory is some 40 MiB beside the vectors.

    Args:
        given: rows of length 1.
        among: what they are compared with; None: each with those before it.
        least: from which cosine on rows are near.
    """
    import numpy as np

    others = given if among is None else among
    if not len(given) or not len(others):
        return
    step = max(1, _MOST_CELLS // len(others))
    for begin in range(0, len(given), step):
        block = given[begin : begin + step]
        cosines = block @ (others[: begin + len(block)] if among is None else others).T
        near = cosines >= least
        if among is None:
            near[:, begin:] &= np.tri(len(block), k=-1, dtype=bool)
        for i in np.flatnonzero(near.any(axis=1)):
            found = np.flatnonzero(near[i])
            yield NearRow(begin + int(i), found, cosines[i, found])
