"""Answers given again to a question that means the same: the last message by its embedding, all the rest of the request identical.

Only for short questions of text, and not where the request brings tools or the answer calls one. What embeddings do not see is looked at
as well (`wording.py`). The price of a look is that of an embedding: some 0.6 ms with the offline model, a call with another.
For one event loop. Knows neither HTTP nor which embeddings there are.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict, deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import orjson

from ferrata.errors import FerrataError
from ferrata.gateway.answers import may_keep, scoped_digest
from ferrata.gateway.wording import may_ask_the_same, wording_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy.typing as npt

    from ferrata.gateway.answers import AnswerScope, Stored
    from ferrata.gateway.wording import Wording
    from ferrata.providers import EmbeddingModel

__all__ = ["LONGEST_QUESTION", "Lookup", "SemanticCache", "bucket_of", "question_of"]

LONGEST_QUESTION = 400
"""Characters. In a longer text, the few words that matter hardly move its embedding."""

_CHATS = ("/chat/completions", "/responses", "/messages")
_TEXTS = ("text", "input_text")
_TOOLS = ("tools", "functions")
_MOST_BYTES = 64_000_000
_ROW_OVERHEAD = 2_000
# Rows that are compared in one look; more would hold the event loop up.
_MOST_ROWS = 2_000
_NEAREST = 5
_ROUNDING = 1e-6


@dataclass(frozen=True, slots=True)
class Lookup:
    """A question that was looked up, and what was found.

    Attributes:
        bucket: of those it may share an answer with.
        wording: of the question.
        vector: of the question, of length 1.
        stored: the answer to one that means the same; None: there is none.
        cosine: between the two; 0 where there is none.
    """

    bucket: bytes
    wording: Wording
    vector: npt.NDArray[np.float32]
    stored: Stored | None = None
    cosine: float = 0.0


def question_of(path: str, body: Mapping[str, Any]) -> tuple[str, dict[str, Any]] | None:
    """The text of the last message, and the body without it; None where answers must not be shared by meaning.

    That is: no chat, tools, a last message that is not the user's, several texts in it, or one that is empty or long.
    """
    if not path.endswith(_CHATS) or any(body.get(name) for name in _TOOLS):
        return None
    name = "messages" if "messages" in body else "input"
    asked = body.get(name)
    if isinstance(asked, list) and asked:
        messages = cast("list[Any]", asked)
        last = _without_text(messages[-1])
        if last is None:
            return None
        text, rest = last
        return _short(text, {**body, name: [*messages[:-1], rest]})
    return _short(asked, {**body, name: None}) if isinstance(asked, str) and name == "input" else None


def _without_text(message: Any) -> tuple[str, dict[str, Any]] | None:
    if not isinstance(message, dict):
        return None
    said = cast("dict[str, Any]", message)
    content = said.get("content")
    if said.get("role") != "user":
        return None
    if isinstance(content, str):
        return content, {**said, "content": None}
    if not isinstance(content, list):
        return None
    parts = cast("list[Any]", content)
    texts = [number for number, part in enumerate(parts) if isinstance(part, dict) and part.get("type") in _TEXTS]  # pyright: ignore[reportUnknownMemberType]
    if len(texts) != 1 or not isinstance(parts[texts[0]].get("text"), str):
        return None
    part = parts[texts[0]]
    rest = [*parts[: texts[0]], {**part, "text": None}, *parts[texts[0] + 1 :]]
    return part["text"], {**said, "content": rest}


def _short(text: str, rest: dict[str, Any]) -> tuple[str, dict[str, Any]] | None:
    return (text, rest) if len(text) <= LONGEST_QUESTION and text.strip() else None


def bucket_of(scope: AnswerScope, rest: Mapping[str, Any]) -> bytes | None:
    """The name of those that may share an answer: one tenant's, who ask all but the question identically. None: nobody may.

    Ask it only where `answer_key` gives a key; what that refuses is not looked at again.
    """
    kept = {name: rest[name] for name in sorted(rest) if name not in ("stream", "user")}
    try:
        text = orjson.dumps(kept)
    except TypeError:
        return None
    return scoped_digest("semantic", scope, text, stream=rest.get("stream") is True)


class _Bucket:
    """Questions whose requests are otherwise the same, as the rows of a matrix; a row that is free holds zeros."""

    __slots__ = ("free", "matrix", "order", "rows")

    def __init__(self, length: int) -> None:
        self.matrix: npt.NDArray[np.float32] = np.zeros((1, length), np.float32)
        self.rows: dict[int, tuple[float, Wording, Stored]] = {}
        self.order: deque[int] = deque()
        self.free = [0]

    def add(self, vector: npt.NDArray[np.float32], row: tuple[float, Wording, Stored]) -> None:
        if not self.free:
            height, length = self.matrix.shape
            self.matrix = np.concatenate([self.matrix, np.zeros((height, length), np.float32)])
            self.free = list(range(2 * height - 1, height - 1, -1))
        number = self.free.pop()
        self.matrix[number] = vector
        self.rows[number] = row
        self.order.append(number)

    def drop_oldest(self) -> Stored:
        number = self.order.popleft()
        self.matrix[number] = 0
        self.free.append(number)
        return self.rows.pop(number)[2]


class SemanticCache:
    """Answers by the meaning of the question.

    Args:
        model: of embeddings.
        threshold: the least cosine between two questions that share an answer.
        most: answers that are kept; at most 2,000 of them beside one another, for requests that differ in the question alone.
        seconds: that one is kept.
        clock: seconds that only grow.
        most_bytes: of all answers together; the objects around them are guessed.
        patience: seconds that an embedding may take; a question that has none by then is not found.
        pause: seconds for which none is asked for, after one did not come.
    """

    def __init__(
        self,
        model: EmbeddingModel,
        *,
        threshold: float,
        most: int = 10_000,
        seconds: float = 300.0,
        clock: Callable[[], float] = time.monotonic,
        most_bytes: int = _MOST_BYTES,
        patience: float = 0.5,
        pause: float = 5.0,
    ) -> None:
        self._model = model
        self._threshold = threshold
        self._most = most
        self._seconds = seconds
        self._clock = clock
        self._most_bytes = most_bytes
        self._patience = patience
        self._pause = pause
        self._away_until = float("-inf")
        self._buckets: OrderedDict[bytes, _Bucket] = OrderedDict()
        self._count = 0
        self._bytes = 0

    def __len__(self) -> int:
        return self._count

    @property
    def size(self) -> int:
        """Bytes of all answers, with what is guessed around them."""
        return self._bytes

    async def warm(self) -> None:
        """Let the model be loaded before the first question comes: that takes the offline one longer than a question may wait.

        Raises:
            FerrataError: the model gives no embeddings.
        """
        await self._model.embed(["a"])

    async def find(self, scope: AnswerScope, body: Mapping[str, Any]) -> Lookup | None:
        """Look for an answer.

        Args:
            scope: whose request it is.
            body: of a request that has an `answer_key`.

        Returns:
            None where the request is none to share answers by meaning, or its embedding did not come; `keep` needs nothing then.
        """
        asked = question_of(scope.path, body)
        bucket = asked and bucket_of(scope, asked[1])
        if not asked or not bucket:
            return None
        vector = await self._embed(asked[0])
        if vector is None:
            return None
        lookup = Lookup(bucket, wording_of(asked[0]), vector)
        found = self._buckets.get(bucket)
        return lookup if found is None else self._nearest(found, lookup)

    def keep(self, lookup: Lookup, stored: Stored, *, complete: bool, guarded: bool = False) -> bool:
        """Keep the answer to a question that was looked up, if `may_keep` allows it and it calls no tool; whether it was kept."""
        if stored.tool_calls or not may_keep(stored, complete=complete, guarded=guarded):
            return False
        length = len(lookup.vector)
        bucket = self._buckets.get(lookup.bucket)
        if bucket is not None and bucket.matrix.shape[1] != length:
            self._drop(lookup.bucket, bucket)  # of another model's embeddings
            bucket = None
        if bucket is None:
            bucket = self._buckets[lookup.bucket] = _Bucket(length)
        self._buckets.move_to_end(lookup.bucket)
        if len(bucket.rows) >= _MOST_ROWS:
            self._drop_oldest(bucket)
        bucket.add(lookup.vector, (self._clock() + self._seconds, lookup.wording, stored))
        self._count += 1
        self._bytes += stored.size + _ROW_OVERHEAD
        while self._count > self._most or self._bytes > self._most_bytes:
            key, oldest = next(iter(self._buckets.items()))
            self._drop_oldest(oldest)
            if not oldest.rows:
                del self._buckets[key]
        return True

    def clear(self) -> None:
        """Forget all."""
        self._buckets.clear()
        self._count = self._bytes = 0

    async def _embed(self, text: str) -> npt.NDArray[np.float32] | None:
        """The question's vector, of length 1; None where there is none in time, or it has no direction."""
        if self._clock() < self._away_until:
            return None
        try:
            async with asyncio.timeout(self._patience):
                embedded = await self._model.embed([text])
        except (FerrataError, TimeoutError):
            self._away_until = self._clock() + self._pause
            return None
        vector = np.asarray(embedded.vectors[0], np.float32)
        length = float(np.linalg.norm(vector))
        return vector / np.float32(length) if 0 < length < float("inf") else None

    def _nearest(self, bucket: _Bucket, lookup: Lookup) -> Lookup:
        now = self._clock()
        while bucket.order and bucket.rows[bucket.order[0]][0] <= now:
            self._drop_oldest(bucket)
        if not bucket.rows:
            del self._buckets[lookup.bucket]
            return lookup
        if bucket.matrix.shape[1] != len(lookup.vector):
            return lookup
        self._buckets.move_to_end(lookup.bucket)
        cosines = bucket.matrix @ lookup.vector
        near = np.flatnonzero(cosines >= self._threshold - _ROUNDING)
        # Of those near enough, the nearest whose words allow it; of many, only the first few are looked at.
        for number in near[np.argsort(-cosines[near])][:_NEAREST].tolist():
            found = bucket.rows.get(number)
            if found is not None and may_ask_the_same(found[1], lookup.wording):
                return replace(lookup, stored=found[2], cosine=float(cosines[number]))
        return lookup

    def _drop_oldest(self, bucket: _Bucket) -> None:
        self._bytes -= bucket.drop_oldest().size + _ROW_OVERHEAD
        self._count -= 1

    def _drop(self, key: bytes, bucket: _Bucket) -> None:
        while bucket.rows:
            self._drop_oldest(bucket)
        del self._buckets[key]
