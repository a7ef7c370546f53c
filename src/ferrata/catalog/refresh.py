"""Newer facts than the shipped ones, asked for only when told: prices, and the models that a provider offers now.

What comes back is kept in the user's cache folder and used from there. Knows nothing of keys; who asks a provider gives its
answer.
"""

from __future__ import annotations

import hashlib
import json
from datetime import date, datetime
from typing import TYPE_CHECKING, NamedTuple, cast

from ferrata.catalog.files import write_whole
from ferrata.catalog.hosts import canonical_provider
from ferrata.catalog.pricebook import REFRESHED, PriceBook, book_from, save_book
from ferrata.clock import format_time
from ferrata.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

__all__ = ["Offer", "OfferedModel", "keep_offer", "offered_models", "read_offers", "refresh_prices"]

_OFFERS = "offers.json"
_STAYS = "the prices at hand stay in use"


class OfferedModel(NamedTuple):
    """A model in a provider's own list.

    Attributes:
        name: as requests name it.
        retires: the day from which requests fail, where the provider says it in its list.
    """

    name: str
    retires: date | None = None


class Offer(NamedTuple):
    """What a provider offered when it was asked."""

    at: str
    models: tuple[OfferedModel, ...]


def offered_models(answer: object) -> list[OfferedModel]:
    """The models in a provider's answer to `GET /v1/models`: `{"data": [{"id": ...}]}`, with OpenAI's `shutdown_date`.

    Raises:
        UsageError: the answer is not of that form.
    """
    listed = _mapping(answer).get("data")
    if not isinstance(listed, list):
        raise UsageError("this is no list of models", hint='it should be {"data": [{"id": "gpt-4o"}, ...]}')
    models: list[OfferedModel] = []
    for item in cast("list[object]", listed):
        said = _mapping(item)
        name = said.get("id")
        if not isinstance(name, str) or not name.isprintable() or not name:
            raise UsageError(f"a model without a name is in the list: {str(item)[:80]!r}")
        models.append(OfferedModel(name.removeprefix("models/"), _day(said.get("shutdown_date"))))
    return sorted(models)


def _mapping(value: object) -> Mapping[str, object]:
    return cast("Mapping[str, object]", value) if isinstance(value, dict) else {}


def _day(value: object) -> date | None:
    try:
        return date.fromisoformat(value[:10]) if isinstance(value, str) else None
    except ValueError:
        return None


def keep_offer(folder: Path, provider: str, models: Sequence[OfferedModel], at: datetime) -> None:
    """Remember what a provider offers.

    Raises:
        UsageError: the folder cannot be written.
    """
    offers = read_offers(folder)
    offers[canonical_provider(provider)] = Offer(format_time(at), tuple(models))
    content = {
        name: {"at": offer.at, "models": [[m.name, m.retires.isoformat() if m.retires else None] for m in offer.models]}
        for name, offer in offers.items()
    }
    _write(folder / _OFFERS, json.dumps(content))


def read_offers(folder: Path | None) -> dict[str, Offer]:
    """What providers offered when they were asked, by provider; empty where none was."""
    if folder is None:
        return {}
    try:
        found = json.loads((folder / _OFFERS).read_bytes())
        return {
            name: Offer(said["at"], tuple(OfferedModel(model, _day(day)) for model, day in said["models"]))
            for name, said in found.items()
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}


def refresh_prices(folder: Path, at: datetime, *, url: str | None = None) -> PriceBook:
    """Fetch the newest list of prices and keep it; half of it is never kept.

    Args:
        folder: the user's cache folder.
        at: now; part of the edition's name.
        url: where the list lies; None for the one of genai-prices.

    Raises:
        UsageError: it cannot be fetched or is no list of prices, or the folder cannot be written.
    """
    import httpx2
    from genai_prices import UpdatePrices

    updater = UpdatePrices(url=url) if url else UpdatePrices()
    try:
        snapshot = updater.fetch()
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise UsageError(f"the prices cannot be fetched from {_bare(updater.url)}: {error}", hint=_STAYS) from None
    except (ValueError, TypeError, AssertionError, StopIteration, RecursionError) as error:
        reason = str(error).partition("\n")[0]
        raise UsageError(f"what {updater.url} gives is no list of prices: {reason}", hint=_STAYS) from None
    if snapshot is None or not snapshot.providers:
        raise UsageError(f"what {updater.url} gives is an empty list of prices", hint=_STAYS)
    book = book_from(snapshot.providers, "")
    digest = hashlib.sha256(json.dumps(book.data, sort_keys=True).encode()).hexdigest()[:8]
    book = PriceBook(f"genai-prices/{at.date().isoformat()}+{digest}", book.data)
    try:
        save_book(book, folder / REFRESHED)
    except OSError as error:
        raise UsageError(
            f"cannot write {str(folder)!r}: {error.strerror}", hint="set FERRATA_CACHE to a folder"
        ) from None
    return book


def _write(path: Path, text: str) -> None:
    try:
        write_whole(path, text)
    except OSError as error:
        raise UsageError(
            f"cannot write {str(path)!r}: {error.strerror}", hint="set FERRATA_CACHE to a folder"
        ) from None


def _bare(url: str) -> str:
    """An address without a user's name and password."""
    scheme, mark, rest = url.partition("://")
    place, slash, path = rest.partition("/")
    return f"{scheme}{mark}{place.rpartition('@')[2]}{slash}{path}"
