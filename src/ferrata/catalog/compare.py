"""Models side by side for a workload: what it costs on each, whether it fits, and what runs have measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, cast

from ferrata.messages import Usage

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ferrata.assets import Ledger
    from ferrata.catalog.cards import ModelCard

__all__ = ["ComparedModel", "Measured", "Workload", "compare_models", "measured_in", "measured_of"]


class Workload(NamedTuple):
    """Requests like those that a project makes.

    Attributes:
        requests: how many.
        input_tokens: that each reads, on average.
        output_tokens: that each writes, reasoning included.
        cached_share: 0 to 1, of the input that comes from the provider's cache.
    """

    requests: int = 1000
    input_tokens: int = 1000
    output_tokens: int = 300
    cached_share: float = 0.0

    def usage(self) -> Usage:
        """The tokens of one request."""
        return Usage(self.input_tokens, self.output_tokens, round(self.input_tokens * self.cached_share))


class Measured(NamedTuple):
    """What the last recorded run says of a model on the project's own rows; None where it does not.

    Attributes:
        rows: how many.
        quality: 0 to 1, by the run's own metric.
        latency: seconds for an answer, the median.
        cost: US dollars a request.
        input_tokens: a request, on average.
        output_tokens: likewise.
    """

    rows: int
    quality: float | None = None
    latency: float | None = None
    cost: float | None = None
    input_tokens: float | None = None
    output_tokens: float | None = None


@dataclass(frozen=True)
class ComparedModel:
    """One column of the comparison.

    Attributes:
        card: the model's.
        request: US dollars for one request of the workload; None where the price is unknown.
        total: for all of them.
        notes: why the workload does not fit.
        measured: what runs have shown, if there was one.
    """

    card: ModelCard
    request: float | None
    total: float | None
    notes: tuple[str, ...]
    measured: Measured | None

    def as_json(self) -> dict[str, object]:
        """Plain data."""
        return {
            "model": self.card.as_json(),
            "usd_per_request": self.request,
            "usd_total": self.total,
            "notes": list(self.notes),
            "measured": self.measured._asdict() if self.measured else None,
        }


def compare_models(
    cards: Iterable[ModelCard], workload: Workload, measured: Mapping[str, Measured] | None = None
) -> list[ComparedModel]:
    """Each model with what the workload costs on it.

    Args:
        cards: the models, in the order in which they are to stand.
        workload: what they are compared for.
        measured: what runs have shown, by the model's id.
    """
    known = measured or {}
    return [_compared(card, workload, known.get(card.id)) for card in cards]


def _compared(card: ModelCard, workload: Workload, measured: Measured | None) -> ComparedModel:
    request = card.price.cost(workload.usage()) if card.price else None
    return ComparedModel(
        card=card,
        request=request,
        total=None if request is None else request * workload.requests,
        notes=tuple(_notes(card, workload)),
        measured=measured,
    )


def _notes(card: ModelCard, workload: Workload) -> Iterable[str]:
    can = card.capabilities
    if can.context is not None and workload.input_tokens + workload.output_tokens > can.context:
        yield f"a request does not fit: {can.context:,} tokens of context"
    if can.output is not None and workload.output_tokens > can.output:
        yield f"an answer does not fit: {can.output:,} tokens of output"
    if card.stage in ("retired", "deprecated"):
        yield f"{card.stage}{f', off from {card.retires}' if card.retires else ''}"


def measured_of(payloads: Iterable[Mapping[str, object]]) -> dict[str, Measured]:
    """What the records of runs say, by model: the first record on a model counts, so give the newest first.

    Args:
        payloads: of `models.tried` and `comparison.made`; their `results` is a list of one mapping for each model, with
            `model` and the fields of `Measured`. What has another form is passed over.
    """
    found: dict[str, Measured] = {}
    for payload in payloads:
        results = payload.get("results")
        for result in _mappings(results):
            name = result.get("model")
            if isinstance(name, str):
                rows = result.get("rows", payload.get("rows"))
                numbers = {key: _number(result.get(key)) for key in Measured._fields if key != "rows"}
                found.setdefault(name, Measured(rows if isinstance(rows, int) else 0, **numbers))
    return found


def measured_in(ledger: Ledger, project: str) -> dict[str, Measured]:
    """What the project's newest run in a ledger says of each model, by `provider/name`."""
    actions = ("models.tried", "comparison.made")
    records = [record for action in actions for record in ledger.records(action=action, project=project)]
    return measured_of(record.payload for record in sorted(records, key=lambda record: -record.seq))


def _mappings(value: object) -> Iterable[Mapping[str, object]]:
    if isinstance(value, (list, tuple)):
        for item in cast("Sequence[object]", value):
            if isinstance(item, dict):
                yield cast("Mapping[str, object]", item)


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None
