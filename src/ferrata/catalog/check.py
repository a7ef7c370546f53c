"""The models that a project uses, against their life cycles: what floats, what is announced to end, and in how many days.

Knows nothing of where the uses were found.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from ferrata.catalog.lifecycle import classify_model

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from ferrata.catalog.lifecycle import ModelFacts

__all__ = ["CheckedModel", "ModelUse", "check_models", "lifecycle_payload"]


class ModelUse(NamedTuple):
    """Where a project names a model.

    Attributes:
        model: as it is written there.
        file: relative to the project's folder.
        line: from 1.
    """

    model: str
    file: str
    line: int


@dataclass(frozen=True)
class CheckedModel:
    """A model in use on a day.

    Attributes:
        facts: what is known of it.
        uses: where it is named.
        days_left: until requests fail, 0 or less where they do; None where no day is known.
    """

    facts: ModelFacts
    uses: tuple[ModelUse, ...]
    days_left: int | None

    @property
    def problems(self) -> tuple[str, ...]:
        """`retired`, `retiring`, `deprecated` (no day named), `preview`, `floating`; the gravest first."""
        facts = self.facts
        found: list[str] = []
        if facts.stage == "retired":
            found.append("retired")
        elif facts.stage == "deprecated":
            found.append("retiring" if facts.retires else "deprecated")
        elif facts.stage in ("preview", "legacy"):
            found.append(facts.stage)
        if facts.pinning == "floating":
            found.append("floating")
        return tuple(found)

    @property
    def ends(self) -> bool:
        """Whether its end has come or is announced."""
        return self.facts.stage in ("retired", "deprecated")

    def as_json(self) -> dict[str, object]:
        """Plain data."""
        facts = self.facts
        return {
            "model": facts.name,
            "vendor": facts.vendor,
            "host": facts.host,
            "pinning": facts.pinning,
            "points_to": facts.points_to,
            "stage": facts.stage,
            "retires": facts.retires.isoformat() if facts.retires else None,
            "days_left": self.days_left,
            "replacement": facts.replacement,
            "source": facts.source,
            "problems": list(self.problems),
            "uses": [use._asdict() for use in self.uses],
        }


def check_models(uses: Iterable[ModelUse], on: date) -> list[CheckedModel]:
    """The models among `uses` on a day, those that end soonest first; a name that is no known model's is passed over."""
    by_name: dict[str, list[ModelUse]] = {}
    for use in uses:
        by_name.setdefault(use.model, []).append(use)
    checked: list[CheckedModel] = []
    for name, found in by_name.items():
        facts = classify_model(name, on)
        if facts is not None:
            left = (facts.retires - on).days if facts.retires else None
            checked.append(CheckedModel(facts, tuple(sorted(set(found), key=lambda use: use[1:])), left))
    return sorted(checked, key=_urgency)


def lifecycle_payload(checked: Sequence[CheckedModel]) -> dict[str, int]:
    """What the ledger is told of a check: models, those that float, those whose end is announced, days until the first ends."""
    days = [model.days_left for model in checked if model.days_left is not None]
    return {
        "open_findings": sum(model.ends for model in checked),
        "models": len(checked),
        "floating": sum(model.facts.pinning == "floating" for model in checked),
        **({"days_left": min(days)} if days else {}),
    }


def _urgency(checked: CheckedModel) -> tuple[int, int, str]:
    days = checked.days_left if checked.days_left is not None else 1_000_000
    return (0 if checked.ends else 1 if checked.problems else 2, days, checked.facts.name)
