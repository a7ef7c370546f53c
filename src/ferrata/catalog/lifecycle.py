"""What is known of a model by its name: pinned or floating, and current, retiring or retired on a day.

The dates are the vendor's for its own API. Azure, Bedrock, Vertex and the routers switch models off on days of their own, so a
name in a host's spelling carries only what that host has announced. Knows nothing of prices or of what a model can do.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, NamedTuple

from ferrata.catalog.families import match_family
from ferrata.catalog.records import Record, read_lifecycle, vendor_of
from ferrata.catalog.spelling import ModelName

if TYPE_CHECKING:
    from datetime import date

    from ferrata.catalog.families import Pinning

__all__ = ["STAGES", "ModelFacts", "Stage", "classify_model", "looks_like_model"]

Stage = Literal["preview", "ga", "legacy", "deprecated", "retired", "unknown"]
STAGES: tuple[Stage, ...] = ("preview", "ga", "legacy", "deprecated", "retired", "unknown")
"""The stages of a model's life: offered early; generally available; still there, with a better one beside it; its end
announced; switched off; not known, as nobody lists it."""

_NOTHING = Record()
_PREVIEW = re.compile(r"-(?:preview|exp|experimental|beta)(?![a-z0-9])")


@dataclass(frozen=True)
class ModelFacts:
    """What is known of a model on a day.

    Attributes:
        name: as it was written.
        vendor: who makes the model: `openai`, `anthropic`, `google`, ...
        pinning: `pinned`, an exact version; `floating`, an alias that the vendor moves; `unversioned`, open weights, where
            the name of the weights fixes them or whoever serves them does.
        state: on that day. `retiring` is announced; `retired` means that requests fail. Without a known date, `current`.
        retires: the day from which requests fail, if it is known.
        replacement: what the vendor recommends instead, if it says so.
        source: the page that announces it, where there is an announcement.
        points_to: the pinned name behind a floating one, where it is known.
        stage: as `state`, and more exactly where nothing is announced; `unknown` where nobody lists the model.
        deprecated: the day of an announcement that named no last day.
        base: the vendor's own spelling.
        host: who serves it where that is not the vendor; None where it is.
    """

    name: str
    vendor: str
    pinning: Literal["pinned", "floating", "unversioned"]
    state: Literal["current", "retiring", "retired"]
    retires: date | None = None
    replacement: str | None = None
    source: str | None = None
    points_to: str | None = None
    stage: Stage = "unknown"
    deprecated: date | None = None
    base: str = ""
    host: str | None = None


class _Identity(NamedTuple):
    spelled: ModelName
    vendor: str
    pinning: Pinning


@lru_cache(maxsize=4096)
def classify_model(name: str, on: date) -> ModelFacts | None:
    """What is known of the model `name` on the day `on`; None if it is not the name of a known model or family."""
    identity = _identify(name)
    if identity is None:
        return None
    record, source = _announced(identity.spelled, identity.vendor)
    return ModelFacts(
        name=name,
        vendor=identity.vendor,
        pinning=identity.pinning,
        state=_state(record, on),
        retires=record.retires,
        replacement=record.replacement,
        source=source if record.retires or record.deprecated or record.stage else None,
        points_to=None if identity.pinning == "pinned" else record.points_to,
        stage=_stage(record, identity.spelled, on),
        deprecated=record.deprecated,
        base=identity.spelled.base,
        host=identity.spelled.host,
    )


def looks_like_model(name: str) -> bool:
    """Whether `name` is the name of a known model, or of a known family in a spelling that the family uses."""
    return _identify(name) is not None


def _identify(name: str) -> _Identity | None:
    spelled = ModelName.parse(name)
    if spelled is None:
        return None
    family = match_family(spelled.base)
    vendor = vendor_of(spelled.base) or (family.vendor if family else None)
    if vendor is None or (spelled.tuned and vendor != "openai"):
        return None
    if spelled.exact:
        return _Identity(spelled, vendor, "pinned")
    listing = read_lifecycle().vendors.get(vendor)
    listed = listing.models.get(spelled.base) if listing else None
    return _Identity(spelled, vendor, listed.pinning if listed else family.pinning if family else "floating")


def _announced(spelled: ModelName, vendor: str) -> tuple[Record, str | None]:
    lifecycle = read_lifecycle()
    listings = lifecycle.hosts if spelled.host else lifecycle.vendors
    listing = listings.get(spelled.host or vendor)
    if listing is None:
        return _NOTHING, None
    tuned = listing.models.get(f"ft:{spelled.base}") if spelled.tuned else None
    record = tuned or listing.models.get(spelled.base) or _NOTHING
    return record, record.source or listing.source


def _stage(record: Record, spelled: ModelName, on: date) -> Stage:
    state = _state(record, on)
    if state != "current":
        return "retired" if state == "retired" else "deprecated"
    if record.stage is not None:
        return record.stage
    if _PREVIEW.search(spelled.base):
        return "preview"
    return "unknown" if record is _NOTHING else "ga"


def _state(record: Record, on: date) -> Literal["current", "retiring", "retired"]:
    if record.retires is None:
        return "retiring" if record.deprecated else "current"
    return "retired" if on >= record.retires else "retiring"
