"""A project's catalogue: Ferrata's facts, the newest prices at hand, and the project's own prices."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from ferrata.caches import cache_folder
from ferrata.catalog.catalog import Catalog
from ferrata.catalog.check import ModelUse
from ferrata.catalog.hosts import canonical_provider
from ferrata.catalog.pricebook import load_book
from ferrata.catalog.prices import Price, Rate
from ferrata.catalog.refresh import read_offers
from ferrata.settings import FILE_NAME
from ferrata.yamls import line_of, read_text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

from ferrata.settings import PriceSettings, Settings

__all__ = ["declared_uses", "open_catalog", "own_prices"]


def open_catalog(settings: Settings, at: datetime) -> Catalog:
    """The catalogue of a project at a moment."""
    folder = cache_folder()
    return Catalog(load_book(folder), at, own_prices=own_prices(settings.file.prices), offers=read_offers(folder))


def declared_uses(settings: Settings) -> list[ModelUse]:
    """Where the project's file names its models."""
    path = settings.root / FILE_NAME
    text = read_text(path) if settings.file.models else ""
    return [
        ModelUse(model.model, FILE_NAME, line_of(text, ["models", name, "model"]), model.vendor)
        for name, model in settings.file.models.items()
    ]


def own_prices(declared: Mapping[str, PriceSettings]) -> dict[str, Price]:
    """The prices that a project declares, by `provider/name`; their version tells one set of them from another."""
    said = json.dumps({name: price.model_dump() for name, price in declared.items()}, sort_keys=True)
    version = f"{FILE_NAME}/{hashlib.sha256(said.encode()).hexdigest()[:8]}"
    prices: dict[str, Price] = {}
    for name, price in declared.items():
        provider, _, model = name.partition("/")
        known = canonical_provider(provider)
        prices[f"{known}/{model}"] = Price(
            known,
            model,
            version,
            Rate(price.input),
            Rate(price.output),
            None if price.cached_input is None else Rate(price.cached_input),
            None if price.cache_write is None else Rate(price.cache_write),
        )
    return prices
