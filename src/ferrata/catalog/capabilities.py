"""What models can do, read from `capabilities.yaml`: unknown stays unknown.

Knows nothing of prices and dates of retirement.
"""

from __future__ import annotations

import re
from datetime import date
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import Field

from ferrata.catalog.records import Url, read_lifecycle
from ferrata.documents import Document, read_document

__all__ = ["FEATURES", "Capabilities", "Facts", "facts_of", "read_abilities"]

_FILE = Path(__file__).with_name("capabilities.yaml")
_DATED = re.compile(r"-(?P<day>20\d{2}-?[01]\d-?[0-3]\d)\Z")

FEATURES = ("tools", "json_schema", "images", "logprobs", "seed", "streaming", "reasoning", "tunable")
"""What one can ask of a model, each yes, no or unknown."""

Tokens = Annotated[int, Field(gt=0)]


class Capabilities(Document):
    """What a model can do; None where it is not known.

    Attributes:
        context: tokens that fit, in and out together.
        output: tokens that it writes at most, reasoning included.
        tools: it calls functions.
        json_schema: its answer is held to a JSON schema.
        images: it reads them.
        logprobs: log probabilities of tokens can be had.
        seed: a seed is taken.
        temperature: one other than 1 is taken.
        streaming: the answer can come in pieces.
        reasoning: it thinks before it answers.
        tunable: the provider offers fine-tuning of it.
        open_weights: whoever likes may run it.
        licence: of the weights, by its SPDX id; `proprietary` where they are not given out.
        released: the day from which it could be used.
        source: the page that says so, where it is not one of its vendor's.
    """

    context: Tokens | None = None
    output: Tokens | None = None
    tools: bool | None = None
    json_schema: bool | None = None
    images: bool | None = None
    logprobs: bool | None = None
    seed: bool | None = None
    temperature: bool | None = None
    streaming: bool | None = None
    reasoning: bool | None = None
    tunable: bool | None = None
    open_weights: bool | None = None
    licence: str | None = None
    released: date | None = None
    source: Url | None = None


class Facts(Document):
    """Facts of a model with the pages that they are from."""

    capabilities: Capabilities
    sources: tuple[Url, ...]


class _Vendor(Document):
    sources: tuple[Url, ...]
    api: Capabilities
    models: dict[str, Capabilities]


class _File(Document):
    vendors: dict[str, _Vendor]


# What depends on whoever serves the model, not on the model itself.
_OF_THE_HOST = ("logprobs", "seed", "temperature", "streaming", "tunable", "json_schema", "released")


def facts_of(maker: str, name: str, *, hosted: bool) -> Facts | None:
    """What is known of a model; None if nothing is.

    Args:
        maker: who makes it.
        name: in the maker's own spelling, lower case.
        hosted: somebody else serves it, so that what depends on the maker's own API is unknown.
    """
    vendor = read_abilities().get(maker)
    if vendor is None:
        return None
    known, own = _line(vendor.models, maker, name)
    if known is None:
        return None
    said = vendor.api.model_dump(exclude_none=True) | known.model_dump(exclude_none=True)
    if not own:
        said.pop("released", None)
    if hosted:
        said = {key: value for key, value in said.items() if key not in _OF_THE_HOST}
    elif day := _DATED.search(name):
        said.setdefault("released", _day(day["day"]))
    sources = (known.source,) if known.source else vendor.sources
    return Facts(capabilities=Capabilities(**said), sources=sources)


@cache
def read_abilities() -> dict[str, _Vendor]:
    """The file that Ferrata ships, by maker.

    Raises:
        InvalidDocument: it is broken.
    """
    return read_document(_FILE, _File, own=True).vendors


def _line(models: dict[str, Capabilities], maker: str, name: str) -> tuple[Capabilities | None, bool]:
    """The line on a model, and whether it is on that very version."""
    if name in models:
        return models[name], True
    bare = _DATED.sub("", name)
    if bare in models:
        return models[bare], False
    listing = read_lifecycle().vendors.get(maker)
    records = listing.models if listing else {}
    target = records[name].points_to if name in records else None
    if target in models:
        return models[target], True
    alias = next((known for known, record in records.items() if record.points_to == name and known in models), None)
    return (models[alias], True) if alias else (None, False)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
