"""Rows that a model writes from documents: each with a quote, which must stand in the passage, or the row is dropped.

Every row says that it is synthetic, by which model, and from where. That a quote is there shows that the row is about the document, not
that the answer is correct: people must look. Knows no vendor.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections import Counter
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from ferrata.datasets.checks.base import plain_text
from ferrata.datasets.likeness import Likeness
from ferrata.datasets.passages import document_files, passages_of
from ferrata.datasets.types import Provenance, Source
from ferrata.datasets.versions import sha256_of_file
from ferrata.errors import ModelError, UsageError
from ferrata.messages import ChatRequest, OutputSchema, Usage
from ferrata.prompts import read_prompt, render_prompt

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ferrata.datasets.passages import Passage
    from ferrata.providers import ChatModel

__all__ = ["TASKS", "WritePlan", "Written", "write_synthetic"]

_PROMPTS = Path(__file__).parent / "prompts"
TASKS = ("qa", "situation")
"""What can be written: questions with answers, and situations of users with answers."""

_SCHEMA = {
    "type": "object",
    "properties": {name: {"type": "string"} for name in ("question", "answer", "quote")},
    "required": ["question", "answer", "quote"],
    "additionalProperties": False,
}
_SPACE = re.compile(r"\s+")
_SIGNS = str.maketrans(
    {"\u2019": "'", "\u2018": "'", "\u201c": '"', "\u201d": '"', "\u2013": "-", "\u2014": "-", "\u00a0": " "}
)
_SHORTEST_QUOTE = 12  # characters; a shorter one stands in any text
_MOST_TOKENS = 500


@dataclass(frozen=True)
class WritePlan:
    """What to write.

    Attributes:
        paths: documents, and folders of them.
        rows: how many rows at most.
        task: of `TASKS`.
        calls: how often the model is asked at most; None: three times as often as rows are wanted.
        tokens: stop when so many have been used, in and out; None: no limit.
        similarity: of questions that are so alike, 0.5 to 1, the first is kept.
        concurrency: how many calls at a time.
        seed: another one takes the passages in another order.
    """

    paths: tuple[Path, ...]
    rows: int
    task: str = "qa"
    calls: int | None = None
    tokens: int | None = None
    similarity: float = 0.8
    concurrency: int = 4
    seed: int = 0


@dataclass
class Written:
    """What came of it.

    Attributes:
        rows: the rows.
        provenance: where they came from.
        dropped: reason -> how many answers of the model.
        calls: how often the model was asked.
        usage: tokens, as far as the model said.
        ended: why no more were written, where fewer came than were asked for; empty otherwise.
    """

    rows: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    provenance: Provenance = field(default_factory=Provenance)
    dropped: Counter[str] = field(default_factory=Counter[str])
    calls: int = 0
    usage: Usage = field(default_factory=Usage)
    ended: str = ""


async def write_synthetic(
    plan: WritePlan, model: ChatModel, *, made_by: str = "", told: Callable[[Written], None] | None = None
) -> Written:
    """Rows from documents.

    The passages are gone through in an order that depends on their texts and the seed; when all have had their turn, each is
    asked for something else. The same answers of the model make the same rows with the same ids.

    Args:
        plan: what to write.
        model: who writes.
        made_by: for the provenance.
        told: called after each round of calls.

    Raises:
        NotFound: there are no documents.
        UsageError: the plan does not fit, or no document says anything.
        ModelError: the first call already failed; later ones are counted.
    """
    _check(plan)
    files = document_files(plan.paths)
    passages = [one for path in files for one in passages_of(path)]
    if not passages:
        raise UsageError("the documents say too little to ask about", hint="give longer ones")
    passages = [*{one.key: one for one in passages}.values()]
    passages.sort(key=lambda one: sha256(f"{plan.seed}\0{one.key}".encode()).digest())
    writer = _Writer(plan, model)
    limit = plan.calls or 3 * plan.rows
    done = writer.done
    while len(done.rows) < plan.rows and not done.ended:
        size = min(plan.concurrency, limit - done.calls, max(1, plan.rows - len(done.rows)))
        if size <= 0:
            done.ended = f"after {done.calls:,} calls, which is the limit"
        elif plan.tokens is not None and done.usage.input_tokens + done.usage.output_tokens >= plan.tokens:
            done.ended = (
                f"after {done.usage.input_tokens + done.usage.output_tokens:,} tokens; the limit is {plan.tokens:,}"
            )
        else:
            await writer.ask([passages[(done.calls + i) % len(passages)] for i in range(size)])
            if told is not None:
                told(done)
    done.provenance = _provenance(plan, done, model.name, files, made_by)
    return done


def _check(plan: WritePlan) -> None:
    if plan.task not in TASKS:
        raise UsageError(f"no such task: {plan.task!r}", hint=f"the tasks are {', '.join(TASKS)}")
    if plan.rows < 1 or plan.concurrency < 1 or not 0.5 <= plan.similarity <= 1:
        raise UsageError("rows and concurrency are from 1 on, similarity is from 0.5 to 1", hint="change the numbers")


class _Writer:
    """Asks, checks and keeps."""

    def __init__(self, plan: WritePlan, model: ChatModel) -> None:
        self.done = Written()
        self._plan = plan
        self._model = model
        self._prompt = read_prompt(_PROMPTS / f"{plan.task}.prompty", root=_PROMPTS)
        self._like = Likeness(plan.similarity)
        self._asked: dict[str, list[str]] = {}

    async def ask(self, passages: Sequence[Passage]) -> None:
        """One round: a call a passage, together; answers are taken in the order of the passages."""
        first = self.done.calls == 0
        self.done.calls += len(passages)
        answers = await asyncio.gather(*(self._answer(one) for one in passages))
        if first and all(isinstance(one, ModelError) for one in answers):
            raise cast("ModelError", answers[0])
        for passage, answer in zip(passages, answers, strict=True):
            if isinstance(answer, ModelError):
                self.done.dropped["the model did not answer"] += 1
            elif reason := self._keep(passage, answer):
                self.done.dropped[reason] += 1

    async def _answer(self, passage: Passage) -> str | ModelError:
        inputs = {"title": passage.path.name, "passage": passage.text, "others": self._asked.get(passage.key, [])}
        messages = render_prompt(self._prompt, inputs)
        request = ChatRequest(messages, output=OutputSchema(_SCHEMA, name="row"), max_tokens=_MOST_TOKENS)
        try:
            response = await self._model.chat(request)
        except ModelError as error:
            return error
        if response.usage is not None:
            self.done.usage += response.usage
        return response.text

    def _keep(self, passage: Passage, answer: str) -> str:
        """Keep the row that an answer makes; why not, or empty."""
        found = _fields(answer)
        if found is None:
            return "not the JSON that was asked for"
        question, said, quote = (found[name].strip() for name in ("question", "answer", "quote"))
        if not plain_text(question) or not plain_text(said):
            return "an empty question or answer"
        if len(quote) < _SHORTEST_QUOTE or _plain(quote) not in _plain(passage.text):
            return "the quote is not in the document"
        self._asked.setdefault(passage.key, []).append(question)
        if len(self.done.rows) >= self._plan.rows:
            return "more than were asked for"
        if self._like.add(plain_text(question)) is not None:
            return "nearly the same question"
        about = json.dumps([self._plan.task, passage.key, question, said])
        self.done.rows.append(
            {
                "id": sha256(about.encode("utf-8", "replace")).hexdigest()[:16],
                "query": question,
                "ground_truth": said,
                "context": passage.text,
                "quote": quote,
                "source": passage.path.as_posix(),
                "lines": f"{passage.first}-{passage.last}",
                "task": self._plan.task,
                "model": self._model.name,
                "synthetic": True,
            }
        )
        return ""


def _fields(text: str) -> dict[str, str] | None:
    """The three texts of an answer; models put JSON into a fence where nobody holds them to it."""
    start, end = text.find("{"), text.rfind("}")
    try:
        found: Any = json.loads(text[start : end + 1]) if 0 <= start < end else None
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict):
        return None
    about = cast("dict[str, Any]", found)
    return about if all(isinstance(about.get(name), str) for name in ("question", "answer", "quote")) else None


def _plain(text: str) -> str:
    """Without what copies change unseen: white space, typographic signs, case."""
    return _SPACE.sub(" ", text.translate(_SIGNS)).strip().casefold()


def _provenance(plan: WritePlan, done: Written, model: str, files: Sequence[Path], made_by: str) -> Provenance:
    counts = Counter(row["source"] for row in done.rows)
    sources = tuple(Source(path.as_posix(), sha256_of_file(path), counts[path.as_posix()]) for path in files)
    prompt = sha256_of_file(_PROMPTS / f"{plan.task}.prompty")
    step: dict[str, Any] = {
        "step": "write",
        "task": plan.task,
        "model": model,
        "prompt_sha256": prompt,
        "seed": plan.seed,
        "calls": done.calls,
        "input_tokens": done.usage.input_tokens,
        "output_tokens": done.usage.output_tokens,
        "kept": len(done.rows),
        "dropped": dict(done.dropped),
    }
    return Provenance("synthetic", sources, made_by, (step,))
