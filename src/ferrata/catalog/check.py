"""The models that a project uses, against their life cycles: what floats, what is announced to end, and in how many days.

Knows nothing of where the uses were found.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from ferrata.catalog.lifecycle import ModelFacts, classify_model

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date


__all__ = ["CheckedModel", "ModelUse", "check_models", "lifecycle_payload"]


class ModelUse(NamedTuple):
    """Where a project names a model.

    Attributes:
        model: as it is written there.
        file: relative to the project's folder.
        line: from 1.
        vendor: as the project declares it; empty where only the name was found.
    """

    model: str
    file: str
    line: int
    vendor: str = ""


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
            "uses": [{"model": use.model, "file": use.file, "line": use.line} for use in self.uses],
        }


def check_models(uses: Iterable[ModelUse], on: date) -> list[CheckedModel]:
    """The models among `uses` on a day, those that end soonest first.

    Of a model that nobody lists, what is declared stands; without a declaration its name may be anything, and is passed over.
    """
    by_name: dict[str, list[ModelUse]] = {}
    for use in uses:
        by_name.setdefault(use.model, []).append(use)
    checked: list[CheckedModel] = []
    for name, found in by_name.items():
        facts = classify_model(name, on) or _declared(found)
        if facts is not None:
            left = (facts.retires - on).days if facts.retires else None
            checked.append(CheckedModel(facts, tuple(_places(found)), left))
    return sorted(checked, key=_urgency)


def _places(uses: list[ModelUse]) -> list[ModelUse]:
    """Each place once, however often it was found."""
    return sorted({use[1:3]: use for use in uses}.values(), key=lambda use: use[1:3])


def _declared(uses: list[ModelUse]) -> ModelFacts | None:
    vendor = next((use.vendor for use in uses if use.vendor), None)
    if vendor is None:
        return None
    # Weights on this machine are checked by their sha256.
    pinning = "pinned" if vendor == "local" else "unversioned"
    return ModelFacts(uses[0].model, vendor, pinning, "current", base=uses[0].model)


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
