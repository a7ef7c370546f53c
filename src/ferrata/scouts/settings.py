"""The section `scout` of a project's file: how often, for how much, among which models. Knows no model."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import AfterValidator, Field

from ferrata.documents import Document, validate
from ferrata.errors import UsageError
from ferrata.settings import FILE_NAME
from ferrata.yamls import read_text

if TYPE_CHECKING:
    from ferrata.settings import Settings

__all__ = ["ScoutSettings", "parse_span", "scout_settings"]

_SPAN = re.compile(r"(\d{1,5})\s*(min|h|d|w)\Z")
_UNITS = {"min": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def parse_span(text: str) -> timedelta:
    """A span of time, as `7d`, `12h`, `2w`, `30min`.

    Raises:
        UsageError: it is none.
    """
    match = _SPAN.match(text.strip())
    if match is None:
        raise UsageError(f"not a span of time: {text!r}", hint="write 7d, 12h, 2w or 30min")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


def _span(text: str) -> str:
    try:
        parse_span(text)
    except UsageError as error:
        raise ValueError(f"is {error.message}; {error.hint}") from None
    return text


class ScoutSettings(Document):
    """The section `scout`. That it is there is the consent to ask models, up to the budget, each time that it is due.

    Attributes:
        every: how long a run is good for, as `7d`.
        budget: US dollars that one run may spend, over all use cases and models.
        use_cases: gates or evaluations; all gates where it is missing.
        max: models to try for each use case.
        vendors: only these.
        within: days before the incumbent's retirement from which on successors are looked for.
        prefer: what a recommendation goes by among models that are not worse.
    """

    every: Annotated[str, AfterValidator(_span)]
    budget: float = Field(gt=0, allow_inf_nan=False)
    use_cases: list[str] = []
    max: int = Field(default=5, ge=1, le=50)
    vendors: list[str] = []
    within: int = Field(default=180, ge=0)
    prefer: Literal["cost", "latency", "quality"] = "cost"


class _Section(Document):
    scout: ScoutSettings | None = None


def scout_settings(settings: Settings) -> ScoutSettings | None:
    """What a project declares; None where it declares nothing.

    Raises:
        InvalidDocument: it is wrong; every mistake with file, line and key.
    """
    if settings.file.scout is None:
        return None
    file = settings.root / FILE_NAME
    return validate({"scout": settings.file.scout}, _Section, file=str(file), text=read_text(file)).scout
