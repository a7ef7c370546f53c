"""Texts that are nearly the same, among very many: MinHash, buckets, and an exact comparison of what falls together.

A text is the set of its words and pairs of neighbouring words, without case and punctuation; likeness is the share of what two sets
have in common (Jaccard). Knows words and not what they mean. Method: one permutation hashing (Li, Owen and Zhang 2012) with optimal
densification (Shrivastava 2017), banding as in Broder's and Indyk's locality-sensitive hashing.
"""

from __future__ import annotations

import re
import zlib
from array import array
from typing import NamedTuple

__all__ = ["Likeness", "Near", "likeness_of", "shingles_of"]

_BINS = 64
_BAND = 4
_MASK = (1 << 32) - 1
_MOST_HELD = 16  # texts of one bucket that a new one is compared with
_MOST_WORDS = 20_000
# A character of scripts that do not part words is a word.
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|[^\W_\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]+")


class Near(NamedTuple):
    """The text that one is like: its number, and how like, from 0 to 1."""

    number: int
    likeness: float


def _mixed(number: int) -> int:
    """A permutation of 32-bit numbers without visible order (the finalizer of MurmurHash3)."""
    number = ((number ^ (number >> 16)) * 0x85EBCA6B) & _MASK
    number = ((number ^ (number >> 13)) * 0xC2B2AE35) & _MASK
    return number ^ (number >> 16)


_words: dict[str, int] = {}


def _word_hash(word: str) -> int:
    found = _words.get(word)
    if found is None:
        if len(_words) > 500_000:
            _words.clear()
        found = _words[word] = _mixed(zlib.crc32(word.encode("utf-8", "surrogatepass")))
    return found


def shingles_of(text: str) -> set[int]:
    """The words and pairs of words of a text as numbers of 32 bits; of a very long text, those of its first 20,000 words."""
    words = [_word_hash(word) for word in _WORD.findall(text.casefold())[:_MOST_WORDS]]
    pairs = {(((a * 0x9E3779B1) & _MASK) ^ (b * 0x85EBCA77)) & _MASK for a, b in zip(words, words[1:], strict=False)}
    return pairs.union(words)


def likeness_of(a: str, b: str) -> float:
    """How like two texts are, from 0 to 1; 1 where neither has a word."""
    return _jaccard(shingles_of(a), shingles_of(b))


def _jaccard(a: set[int], b: set[int]) -> float:
    if not a and not b:
        return 1.0
    common = len(a & b)
    return common / (len(a) + len(b) - common)


class Likeness:
    """The texts so far, in groups of those that are alike; takes some 0.1 ms a short text.

    A pair is found with a probability of over 0.99 where its likeness is 0.7 or more (0.87 at 0.6), as long as not more than 16 unlike
    texts share its bucket; what is called alike has been compared exactly. Groups grow by their members, so two of one group may be
    less alike than `least`.

    Args:
        least: from which likeness on texts are alike, 0.5 to 1.
    """

    def __init__(self, least: float = 0.8) -> None:
        self.least = least
        self._buckets: list[dict[int, list[int]]] = [{} for _ in range(_BINS // _BAND)]
        self._sets: dict[int, array[int]] = {}
        self._parent: list[int] = []

    def __len__(self) -> int:
        return len(self._parent)

    def add(self, text: str) -> Near | None:
        """Take the next text; the one before it that it is most like, or None. A text without words is like none."""
        number = len(self._parent)
        self._parent.append(number)
        own = shingles_of(text)
        if not own:
            return None
        keys = _keys(own)
        near = self._nearest(own, keys)
        held = False
        for bucket, key in zip(self._buckets, keys, strict=True):
            there = bucket.setdefault(key, [])
            # Who is alike stands for the new one; only where too few do is it held as well.
            alike = near is not None and any(self.group(one) == self.group(near.number) for one in there)
            if not alike and len(there) < _MOST_HELD:
                there.append(number)
                held = True
        if held:
            self._sets[number] = array("I", own)
        if near is not None:
            self._parent[number] = self.group(near.number)
        return near

    def find(self, text: str) -> Near | None:
        """The text so far that one is most like, or None; nothing is added."""
        own = shingles_of(text)
        return self._nearest(own, _keys(own)) if own else None

    def group(self, number: int) -> int:
        """The first text of the group that a text belongs to."""
        while self._parent[number] != number:
            self._parent[number] = self._parent[self._parent[number]]
            number = self._parent[number]
        return number

    def _nearest(self, own: set[int], keys: list[int]) -> Near | None:
        best: Near | None = None
        for number in {n for bucket, key in zip(self._buckets, keys, strict=True) for n in bucket.get(key, ())}:
            other = self._sets[number]
            # Sets of very different size cannot be alike.
            if min(len(own), len(other)) < self.least * max(len(own), len(other)):
                continue
            common = len(own.intersection(other))
            likeness = common / (len(own) + len(other) - common)
            if likeness >= self.least and (best is None or (likeness, -number) > (best.likeness, -best.number)):
                best = Near(number, likeness)
        return best


def _keys(shingles: set[int]) -> list[int]:
    """A key a band: texts that are alike share one at least."""
    bins: list[int] = [-1] * _BINS
    for value in shingles:
        mixed = ((value ^ (value >> 15)) * 0x2C1B3C6D) & _MASK
        i, rest = mixed & (_BINS - 1), mixed >> 6
        if bins[i] < 0 or rest < bins[i]:
            bins[i] = rest
    filled = bins.copy()
    for i, value in enumerate(bins):
        if value < 0:
            for at in _PROBES[i]:
                if bins[at] >= 0:
                    filled[i] = bins[at]
                    break
    return [hash(tuple(filled[i : i + _BAND])) for i in range(0, _BINS, _BAND)]


# Where an empty bin borrows: an order of its own over the others, the same for all texts.
_PROBES = [sorted(range(_BINS), key=lambda at, i=i: _mixed(i * 1_000_003 + at * 7919 + 1)) for i in range(_BINS)]
