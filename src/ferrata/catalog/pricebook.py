"""The list of prices: genai-prices' data, the installed edition or one fetched since, kept in a form that is read quickly.

Importing genai-prices takes longer than most commands, so what is needed of it is written once to a cache file. Where that
cannot be, it is imported each time. Knows nothing of the network: `refresh` brings a newer edition.
"""

from __future__ import annotations

import json
import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import orjson

from ferrata.catalog.files import write_whole
from ferrata.catalog.prices import Price, Rate

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["REFRESHED", "Entry", "PriceBook", "book_from", "load_book", "save_book"]

REFRESHED = "prices-refreshed.json"
_FORMAT = 1
_RATES = {
    "input_mtok": "input",
    "output_mtok": "output",
    "cache_read_mtok": "cached_input",
    "cache_write_mtok": "cache_write",
    "output_reasoning_mtok": "reasoning",
}


class Entry(NamedTuple):
    """A model in the list.

    Attributes:
        id: the list's name of it.
        context: tokens of context, or None.
        deprecated: the list says that the provider has deprecated it.
        match: which names mean it: a clause, as `["or", ["equals", "a"], ["starts_with", "b"]]`.
        prices: conditions and rates; the last that holds counts, the first where none does.
    """

    id: str
    context: int | None
    deprecated: bool
    match: list[Any]
    prices: list[dict[str, Any]]


# Names that are given in full -> number of the first entry that gives it; and the clauses that are more than names.
_Index = tuple[dict[str, int], list[tuple[int, list[Any]]]]


@dataclass(frozen=True)
class PriceBook:
    """An edition of the list of prices.

    Attributes:
        version: the edition, as `genai-prices/0.2.3`.
        data: provider -> its name, whose models it also serves (`fallback`) and its models.
    """

    version: str
    data: dict[str, dict[str, Any]]

    @property
    def providers(self) -> list[str]:
        """Ids of the providers that the list has, as `openai`."""
        return list(self.data)

    def entries(self, provider: str) -> list[Entry]:
        """The models of a provider, in the order in which names are looked up; none where it is unknown."""
        return self._entries.get(provider, [])

    def find(self, provider: str, name: str) -> tuple[str, Entry] | None:
        """The provider whose listing it is, and the model that `name` means there; None if it is not in the list.

        A provider that serves the models of others is looked up there as well.
        """
        if provider not in self.data:
            return None
        lowered = name.lower()
        for owner in (provider, *self.data[provider]["fallback"]):
            number = self._number(owner, lowered) if owner in self.data else None
            if number is not None:
                return owner, self.entries(owner)[number]
        return None

    def _number(self, provider: str, name: str) -> int | None:
        """Which of a provider's entries means `name`: the first whose clause holds, as the list is made to be read."""
        if provider not in self._indexes:
            self._indexes[provider] = _index(self.entries(provider))
        exact, patterns = self._indexes[provider]
        number = exact.get(name)
        for place, clause in patterns:
            if number is not None and place > number:
                break
            if _holds(clause, name):
                return place
        return number

    def price_of(self, provider: str, name: str, at: datetime) -> Price | None:
        """What the model that `name` means costs at that provider at that moment; None if the list does not say."""
        found = self.find(provider, name)
        return self.price(found[0], found[1], at) if found else None

    def price(self, provider: str, entry: Entry, at: datetime) -> Price | None:
        """The price of one entry at a moment; None where the list has none for tokens."""
        if not entry.prices:
            return None
        chosen = next((p for p in reversed(entry.prices) if _active(p, at)), entry.prices[0])
        rates = {
            name: Rate(base, tuple((start, rate) for start, rate in tiers)) for name, base, tiers in chosen["rates"]
        }
        if "input" not in rates and "output" not in rates:
            return None
        return Price(
            provider=provider,
            model=entry.id,
            version=self.version,
            input=rates.get("input"),
            output=rates.get("output"),
            cached_input=rates.get("cached_input"),
            cache_write=rates.get("cache_write"),
            reasoning=rates.get("reasoning"),
            request=chosen["request"],
            since=date.fromisoformat(chosen["since"]) if chosen["since"] else None,
        )

    @cached_property
    def _entries(self) -> dict[str, list[Entry]]:
        return {provider: [Entry(*model) for model in found["models"]] for provider, found in self.data.items()}

    @cached_property
    def _indexes(self) -> dict[str, _Index]:
        return {}


def load_book(folder: Path | None) -> PriceBook:
    """The newest edition at hand: one fetched into `folder`, or the installed package's, cached there.

    Args:
        folder: the user's cache folder; None to keep and read nothing.
    """
    installed = version("genai-prices")
    if folder is not None:
        fetched = _read(folder / REFRESHED)
        if fetched is not None and fetched.get("installed") == installed:
            return PriceBook(fetched["version"], fetched["data"])
        cached = _read(folder / f"prices-{installed}.json")
        if cached is not None:
            return PriceBook(cached["version"], cached["data"])
    from genai_prices.data import providers

    book = book_from(providers, f"genai-prices/{installed}")
    if folder is not None:
        with suppress(OSError):
            save_book(book, folder / f"prices-{installed}.json")
    return book


def save_book(book: PriceBook, path: Path) -> None:
    """Write an edition for `load_book`.

    Raises:
        OSError: it cannot be written; then nothing is.
    """
    content = {"format": _FORMAT, "installed": version("genai-prices"), "version": book.version, "data": book.data}
    write_whole(path, json.dumps(content, separators=(",", ":")))


def book_from(providers: list[Any], edition: str) -> PriceBook:
    """An edition from the providers of genai-prices."""
    data = {
        provider.id: {
            "name": provider.name,
            "fallback": list(provider.fallback_model_providers or ()),
            "models": [
                [m.id, m.context_window, bool(m.deprecated), _clause(m.match), list(_prices(m.prices))]
                for m in provider.models
            ],
        }
        for provider in providers
    }
    return PriceBook(edition, data)


def _read(path: Path) -> dict[str, Any] | None:
    try:
        found: object = orjson.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    content = cast("dict[str, Any]", found) if isinstance(found, dict) else {}
    return content if content.get("format") == _FORMAT else None


def _clause(match: Any) -> list[Any]:
    clause = cast("dict[str, Any]", vars(match))
    kind, value = next(iter(clause.items()))
    if kind in ("or_", "and_"):
        return [kind.removesuffix("_"), *map(_clause, cast("list[Any]", value))]
    text = str(value)
    return [kind, text if kind == "regex" else text.lower()]


def _holds(clause: list[Any], name: str) -> bool:
    kind, *rest = clause
    match kind:
        case "or":
            return any(_holds(part, name) for part in rest)
        case "and":
            return all(_holds(part, name) for part in rest)
        case "equals":
            return name == rest[0]
        case "starts_with":
            return name.startswith(rest[0])
        case "ends_with":
            return name.endswith(rest[0])
        case "contains":
            return rest[0] in name
        case _:
            return re.search(rest[0], name) is not None


def _index(entries: list[Entry]) -> _Index:
    exact: dict[str, int] = {}
    patterns: list[tuple[int, list[Any]]] = []
    for number, entry in enumerate(entries):
        parts = entry.match[1:] if entry.match[0] == "or" else [entry.match]
        for part in parts:
            if part[0] == "equals":
                exact.setdefault(part[1], number)
            else:
                patterns.append((number, part))
    return exact, patterns


def _prices(prices: Any) -> Iterator[dict[str, Any]]:
    conditionals = cast("list[Any]", prices if isinstance(prices, list) else [prices])
    for conditional in conditionals:
        constraint: Any = getattr(conditional, "constraint", None)
        listed = cast("dict[str, Any]", vars(getattr(conditional, "prices", conditional)))
        since = getattr(constraint, "start_date", None)
        start, end = getattr(constraint, "start_time", None), getattr(constraint, "end_time", None)
        yield {
            "since": since.isoformat() if since else None,
            "hours": [_utc(start), _utc(end)] if start and end else None,
            "rates": [[name, *_rate(listed[key])] for key, name in _RATES.items() if listed.get(key) is not None],
            "request": float(listed.get("requests_kcount") or 0) / 1000,
        }


def _rate(value: Any) -> tuple[float, list[list[Any]]]:
    if hasattr(value, "tiers"):
        return float(value.base), [[tier.start, float(tier.price)] for tier in value.tiers]
    return float(value), []


def _utc(at: Any) -> str:
    if at.tzinfo is None:
        return at.isoformat()
    return datetime.combine(date(1970, 1, 1), at).astimezone(UTC).time().isoformat()


def _active(price: dict[str, Any], at: datetime) -> bool:
    moment = at.astimezone(UTC)
    if price["since"] is not None and moment.date().isoformat() < price["since"]:
        return False
    if price["hours"] is None:
        return True
    start, end = price["hours"]
    now = moment.time().isoformat()
    return start <= now < end if start <= end else now >= start or now < end
