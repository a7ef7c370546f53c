"""Asking several models the same, row by row, and what each made of it: answers, time, tokens, cost.

Knows nothing of vendors, nor of how it is shown.
"""

from __future__ import annotations

import asyncio
import math
import statistics
from contextlib import aclosing
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple, cast

from ferrata.errors import FerrataError, ModelError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ferrata.app import App
    from ferrata.messages import ChatRequest, ChatResponse
    from ferrata.prompts import Prompt
    from ferrata.providers import Call, ChatModel

__all__ = ["Row", "Trial", "TriedModel", "rows_of_prompt", "try_all"]

_EXPECTED = "expected"


class Row(NamedTuple):
    """What every model is asked once.

    Attributes:
        number: from 1.
        request: what is sent.
        expected: texts that a good answer contains; none where nothing is expected.
    """

    number: int
    request: ChatRequest
    expected: tuple[str, ...] = ()


class Trial(NamedTuple):
    """What one model made of one row."""

    row: Row
    call: Call | None = None
    error: FerrataError | None = None

    @property
    def response(self) -> ChatResponse | None:
        """The answer, if there is one."""
        return self.call.response if self.call else None

    @property
    def contains_expected(self) -> bool | None:
        """Whether the answer contains every expected text, in whatever case; None without an answer or an expectation."""
        if self.response is None or not self.row.expected:
            return None
        said = self.response.text.casefold()
        return all(text.casefold() in said for text in self.row.expected)

    def as_json(self) -> dict[str, object]:
        """For machines."""
        if self.error is not None:
            return {"error": {"code": self.error.code, "message": self.error.message, "hint": self.error.hint}}
        if self.call is None or (response := self.response) is None:
            return {}
        usage, first = response.usage, response.first_token
        found: dict[str, object] = {
            "answered_by": response.model,
            "text": response.text,
            "finish": response.finish,
            "cached": response.cached,
            "seconds": round(self.call.seconds, 4),
            "seconds_to_first_token": None if first is None else round(first, 4),
            "input_tokens": usage.input_tokens if usage else None,
            "output_tokens": usage.output_tokens if usage else None,
            "cost_usd": self.call.cost,
            "price_version": self.call.price_version,
        }
        if self.contains_expected is not None:
            found["contains_expected"] = self.contains_expected
        return found


@dataclass(frozen=True)
class TriedModel:
    """One model with all its rows.

    What came from Ferrata's own answer cache took no time and cost nothing, so that it counts for neither.

    Attributes:
        title: as it is called in the project, or vendor and model.
        id: provider and model, as the catalogue calls it.
        trials: a row each.
    """

    title: str
    id: str
    trials: tuple[Trial, ...]

    @property
    def failed(self) -> int:
        """Rows without an answer."""
        return sum(trial.error is not None for trial in self.trials)

    @property
    def answered(self) -> int:
        """Rows with one."""
        return len(self.trials) - self.failed

    @cached_property
    def _asked(self) -> list[Call]:
        calls = [trial.call for trial in self.trials if trial.call is not None]
        return [call for call in calls if call.response is not None and not call.response.cached]

    @property
    def quality(self) -> float | None:
        """Of the answered rows that expect something, the share that contains it; None where none does."""
        found = [trial.contains_expected for trial in self.trials if trial.contains_expected is not None]
        return sum(found) / len(found) if found else None

    @property
    def latency(self) -> float | None:
        """Seconds for an answer, the median."""
        return statistics.median(call.seconds for call in self._asked) if self._asked else None

    @property
    def slow_latency(self) -> float | None:
        """Seconds within which 95 % of the answers came (nearest rank)."""
        seconds = sorted(call.seconds for call in self._asked)
        return seconds[math.ceil(0.95 * len(seconds)) - 1] if seconds else None

    @property
    def tokens(self) -> tuple[int | None, int | None]:
        """Tokens in and out of all answers; None where an answer does not say."""
        answers = [trial.response for trial in self.trials if trial.response is not None]
        usages = [answer.usage for answer in answers if answer.usage is not None]
        if not answers or len(usages) < len(answers):
            return None, None
        return sum(usage.input_tokens for usage in usages), sum(usage.output_tokens for usage in usages)

    @property
    def rate(self) -> float | None:
        """Output tokens for each second of waiting for whole answers."""
        made = [(call.response.usage, call.seconds) for call in self._asked if call.response is not None]
        seconds = sum(taken for usage, taken in made if usage is not None)
        return sum(usage.output_tokens for usage, _ in made if usage is not None) / seconds if seconds else None

    @property
    def cost(self) -> float | None:
        """US dollars for all rows; None where an answer's cost is not known."""
        costs = [call.cost for call in self._asked]
        known = [cost for cost in costs if cost is not None]
        return sum(known) if known and len(known) == len(costs) else None

    def result(self) -> dict[str, object]:
        """For the ledger, as a comparison reads it: means for each row, latency as median."""
        read, made = self.tokens
        return {
            "model": self.id,
            "rows": self.answered,
            "failed": self.failed,
            "quality": self.quality,
            "latency": _rounded(self.latency, 4),
            "cost": self.cost / len(self._asked) if self.cost is not None else None,
            "input_tokens": read / self.answered if read is not None else None,
            "output_tokens": made / self.answered if made is not None else None,
        }

    def as_json(self) -> dict[str, object]:
        """For machines: the sums, and each row's answer."""
        read, made = self.tokens
        return {
            "model": self.title,
            "id": self.id,
            "answered": self.answered,
            "failed": self.failed,
            "contains_expected": self.quality,
            "seconds_median": _rounded(self.latency, 4),
            "seconds_p95": _rounded(self.slow_latency, 4),
            "input_tokens": read,
            "output_tokens": made,
            "output_tokens_per_second": _rounded(self.rate, 2),
            "cost_usd": self.cost,
            "rows": [{"row": trial.row.number, **trial.as_json()} for trial in self.trials],
        }


def _rounded(number: float | None, digits: int) -> float | None:
    return None if number is None else round(number, digits)


def rows_of_prompt(prompt: Prompt, data: Sequence[dict[str, object]] | None) -> list[Row]:
    """What a prompt makes of each row of inputs; of its sample where there are none.

    `expected` of a row, a text or a list of them, is no input, unless the prompt has one of that name.

    Raises:
        InvalidDocument: the prompt is wrong.
        UsageError: a row does not give what the prompt needs; with the row's number.
    """
    from ferrata.prompts import inputs_of, render_request

    if data is None:
        return [Row(1, render_request(prompt))]
    is_input = any(one.name == _EXPECTED for one in inputs_of(prompt))
    rows: list[Row] = []
    for number, given in enumerate(data, 1):
        inputs = given if is_input else {name: value for name, value in given.items() if name != _EXPECTED}
        try:
            expected = () if is_input else _texts(given.get(_EXPECTED))
            rows.append(Row(number, render_request(prompt, inputs), expected))
        except UsageError as error:
            raise UsageError(f"row {number}: {error.message}", hint=error.hint) from None
    return rows


def _texts(value: object) -> tuple[str, ...]:
    if value is None or value == "":
        return ()
    texts = cast("list[object]", value) if isinstance(value, list) else [value]
    if not all(isinstance(text, str | int | float) for text in texts):
        raise UsageError(f"`expected` is a text or a list of texts, not {value!r}")
    return tuple(str(text) for text in texts)


async def try_all(app: App, names: Sequence[str], rows: Sequence[Row], *, concurrency: int) -> list[TriedModel]:
    """Ask every model every row: the models side by side, each with at most `concurrency` rows at a time, a local one with one.

    Raises:
        NotFound, UsageError: a model's name or declaration is wrong; before anything is asked.
    """
    async with app.models:
        built = [(name, app.chat_model(name)) for name in names]
        return list(await asyncio.gather(*(_try(app, name, model, rows, concurrency) for name, model in built)))


async def _try(app: App, name: str, model: ChatModel, rows: Sequence[Row], concurrency: int) -> TriedModel:
    from ferrata.catalog import canonical_provider

    declared = app.models.settings(name)
    gate = asyncio.Semaphore(1 if declared.vendor == "local" else concurrency)

    async def one(row: Row) -> Trial:
        async with gate:
            return await _ask(app, name, model, row)

    trials = await asyncio.gather(*map(one, rows))
    title = name if name in app.settings.file.models else model.name
    return TriedModel(title, f"{canonical_provider(declared.vendor)}/{declared.model}", tuple(trials))


async def _ask(app: App, name: str, model: ChatModel, row: Row) -> Trial:
    from ferrata.providers import Recording

    calls: list[Call] = []
    recording = Recording(model, calls.append, clock=app.clock, price=app.models.price(name))
    try:
        async with aclosing(recording.stream(row.request)) as chunks:
            async for _ in chunks:
                pass
    except (ModelError, UsageError) as error:
        return Trial(row, error=error)
    return Trial(row, calls[-1])
