"""Measures what the offline embeddings tell apart, and how long a check by meaning takes.

`python bench/meaning.py` compares the labelled pairs of `bench/paraphrases.tsv`: `same` asks the same in other words, `other` asks
something else about the same thing, mostly by one word. Questions of different pairs are about different things, but for a few.
`--rows N` times the comparison of so many vectors, in one thread of whatever numpy calculates with.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ferrata.datasets import likeness_of
from ferrata.datasets.checks.base import plain_text
from ferrata.datasets.meaning import near_rows
from ferrata.providers import LocalEmbeddings

PAIRS = Path(__file__).parent / "paraphrases.tsv"


class Pair(NamedTuple):
    label: str
    one: str
    other: str


def read_pairs() -> list[Pair]:
    return [Pair(*line.split("\t")) for line in PAIRS.read_text(encoding="utf-8").splitlines()]


def separation(pairs: list[Pair]) -> None:
    plain = {text: plain_text(text) for pair in pairs for text in (pair.one, pair.other)}
    vectors = np.array(asyncio.run(LocalEmbeddings().embed(list(plain.values()))).vectors)
    number = {text: i for i, text in enumerate(plain)}
    topics = np.array([next(pair.one for pair in pairs if text in pair[1:]) for text in plain])
    cosines = vectors @ vectors.T
    apart = cosines[np.triu(topics[:, None] != topics[None, :], 1)]
    by_label = {
        label: np.array([cosines[number[p.one], number[p.other]] for p in pairs if p.label == label])
        for label in ("same", "other")
    }
    same, other = by_label["same"], by_label["other"]
    words = {label: sum(likeness_of(p.one, p.other) >= 0.8 for p in pairs if p.label == label) for label in by_label}
    print(
        f"of {len(same)} paraphrases, {len(other)} other questions about the same, {len(apart)} pairs of other topics"
    )
    print(f"likeness of words 0.80: {words['same']} {words['other']}")
    for least in (0.5, 0.6, 0.65, 0.7, 0.75, 0.8):
        print(f"cosine {least:.2f}: {(same >= least).sum()} {(other >= least).sum()} {(apart >= least).sum()}")
    above = (same[:, None] > other[None, :]).mean()
    print(
        f"a paraphrase is nearer than another question about the same: {above:.2f} of times; than another topic:",
        end=" ",
    )
    print(f"{(same[:, None] > apart[None, :]).mean():.3f}")


def compared(rows: int) -> None:
    made = np.random.default_rng(7).normal(size=(rows, 256)).astype(np.float32)
    made /= np.linalg.norm(made, axis=1, keepdims=True)
    begun = time.perf_counter()
    found = sum(1 for _ in near_rows(made, None, 0.7))
    print(f"{rows:,} vectors of 256 numbers: {time.perf_counter() - begun:.2f} s, {found} near")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, default=20_000)
    options = parser.parse_args()
    separation(read_pairs())
    compared(options.rows)


if __name__ == "__main__":
    main()
