"""Which models could take an incumbent's place, by rule, each with its reasons. Asks nobody; knows no run.

What is unknown of a model rules it out of nothing but the rules that need it: an unknown price is not cheaper, an unknown date is
not newer. What it is known not to be able to do rules it out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, NamedTuple

from ferrata.catalog import canonical_provider
from ferrata.errors import NotFound
from ferrata.providers import read_vendor, vendor_names
from ferrata.scouts.types import Candidate, Needs, PassedOver

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from ferrata.catalog import Catalog, Measured, ModelCard
    from ferrata.messages import ChatRequest, Usage
    from ferrata.settings import ModelSettings

__all__ = ["Search", "find_candidates", "id_of", "needs_of", "unaskable"]

_ENDING = ("deprecated", "retired")
_OWN = ("local", "fake")
# Ranks of reasons: what somebody named first, then what must be, then what could be.
_INCLUDED, _REPLACES, _DECLARED, _NEWER, _FASTER, _CHEAPER = range(6)
_WORDS = re.compile(r"[a-z]+\Z")
_NO_TIER = {"latest", "preview", "exp", "experimental", "beta", "it", "instruct", "chat", "turbo"}
# A price that is less by less than a tenth is no reason.
_CHEAP = 0.9
# What a vendor of its own address and a vendor of the list have in common is only how the model is used.
_OF_THE_PLACE = ("url", "key", "wire", "api_version")


@dataclass(frozen=True)
class Search:
    """What is searched for.

    Attributes:
        catalog: of models, today.
        incumbent: the entry that is used now.
        name: of that entry in `models`.
        declared: all entries of `models`.
        usage: tokens of one request, on average.
        needs: of the use case.
        measured: what earlier runs of the project say, by `provider/model`.
        within: days before its retirement from which on an incumbent must be replaced.
        vendors: only these; empty: the makers' own APIs, and the incumbent's provider.
        include: names to try whatever the rules say.
        exclude: parts of ids to leave out.
        environment: a variable's value, or None.
    """

    catalog: Catalog
    incumbent: ModelSettings
    name: str
    declared: Mapping[str, ModelSettings]
    usage: Usage
    needs: Needs
    measured: Mapping[str, Measured]
    within: int = 180
    vendors: Sequence[str] = ()
    include: Sequence[str] = ()
    exclude: Sequence[str] = ()
    environment: Callable[[str], str | None] = lambda _name: None

    @property
    def today(self) -> date:
        """The day of the catalogue."""
        return self.catalog.at.date()

    def request(self, settings: ModelSettings) -> float | None:
        """US dollars for one request, by the price list."""
        price = self.catalog.price_of(settings.vendor, settings.model)
        return None if price is None else price.cost(self.usage)

    def card(self, settings: ModelSettings) -> ModelCard | None:
        """The catalogue's card, where it has one."""
        try:
            return self.catalog.card(id_of(settings))
        except NotFound:
            return None


def id_of(settings: ModelSettings) -> str:
    """The model, `provider/model`, as the catalogue and the ledger call it."""
    return f"{canonical_provider(settings.vendor)}/{settings.model}"


def needs_of(requests: Sequence[ChatRequest], tokens: int) -> Needs:
    """What requests ask of a model.

    Args:
        requests: some of the use case.
        tokens: of the longest, in and out together.
    """
    from ferrata.messages import Image

    features: set[str] = set()
    for one in requests:
        contents = [message.content for message in one.messages if not isinstance(message.content, str)]
        images = any(isinstance(part, Image) for parts in contents for part in parts)
        schema = one.output is not None and one.output.schema is not None
        asked = {
            "tools": bool(one.tools),
            "json_schema": schema,
            "images": images,
            "logprobs": one.top_logprobs is not None,
            "seed": one.seed is not None,
            "reasoning": one.reasoning_effort not in (None, "none"),
        }
        features |= {name for name, wanted in asked.items() if wanted}
    return Needs(frozenset(features), any(one.temperature not in (None, 1) for one in requests), tokens)


def unaskable(settings: ModelSettings, environment: Callable[[str], str | None]) -> str:
    """Why a model cannot be asked here; empty where it can."""
    if settings.vendor in _OWN:
        return ""
    vendor = read_vendor(settings.vendor)
    variable = settings.key.removeprefix("${env:").removesuffix("}") if settings.key else vendor.key_variable
    if settings.key is None and settings.url is not None and not vendor.owns(settings.url):
        variable = None  # the vendor's key goes nowhere else
    if variable and not environment(variable):
        return f"set {variable}"
    if vendor.url is None and settings.url is None and not (vendor.url_variable and environment(vendor.url_variable)):
        return f"give its url{f', or set {vendor.url_variable}' if vendor.url_variable else ''}"
    return ""


class _Found(NamedTuple):
    """A model by the rules: reasons with their ranks, the strongest first."""

    settings: ModelSettings
    reasons: list[tuple[int, str]]
    declared: str
    card: ModelCard | None


def find_candidates(search: Search) -> tuple[list[Candidate], list[PassedOver]]:
    """Candidates, the strongest reason first, and the models that a rule speaks for but something against.

    Raises:
        NotFound: a name of `include`, or a provider of `vendors`, is not known.
    """
    mine = search.card(search.incumbent)
    found: dict[str, _Found] = {}
    for one in [*_included(search), *_of_project(search, mine), *_of_catalogue(search, mine)]:
        found.setdefault(id_of(one.settings), one)
    kept: list[Candidate] = []
    passed: list[PassedOver] = []
    for name, one in _without_twins(found).items():
        if name == id_of(search.incumbent) and not one.declared:
            continue
        if any(part.lower() in name.lower() for part in search.exclude):
            continue
        if why := _against(search, one, mine):
            if _named(one) or one.card is None or one.card.stage not in _ENDING:  # of those that end, nobody asked
                passed.append(PassedOver(name, why))
        else:
            kept.append(_candidate(search, name, one))
    kept.sort(key=lambda one: (one.rank, _days_old(search, found[one.id].card), one.request or 0.0, one.id))
    return kept, passed


def _days_old(search: Search, card: ModelCard | None) -> int:
    released = card.capabilities.released if card else None
    return 100_000 if released is None else (search.today - released).days


def _candidate(search: Search, name: str, one: _Found) -> Candidate:
    reasons = sorted(one.reasons)
    return Candidate(
        name,
        one.settings,
        tuple(text for _, text in reasons),
        reasons[0][0],
        one.declared,
        search.request(one.settings),
        unaskable(one.settings, search.environment),
    )


def _without_twins(found: dict[str, _Found]) -> dict[str, _Found]:
    """A floating name beside the pinned one that it stands for says nothing more."""
    return {
        name: one
        for name, one in found.items()
        if one.declared
        or one.reasons[0][0] == _INCLUDED
        or one.card is None
        or one.card.points_to is None
        or f"{one.card.provider}/{one.card.points_to}" not in found
    }


# The rules


def _included(search: Search) -> Iterator[_Found]:
    for name in search.include:
        if name in search.declared:
            yield _Found(search.declared[name], [(_INCLUDED, "named by you")], name, search.card(search.declared[name]))
            continue
        card = search.catalog.card(name)
        yield _Found(_settings(search, card), [(_INCLUDED, "named by you")], "", card)


def _of_project(search: Search, mine: ModelCard | None) -> Iterator[_Found]:
    for name, settings in search.declared.items():
        if name == search.name or settings == search.incumbent:
            continue
        card = search.card(settings)
        if card is not None and card.kind != "chat":
            continue
        more = _reasons(search, settings, card, mine) if card else []
        yield _Found(settings, [(_DECLARED, f"declared in the project as {name!r}"), *more], name, card)


def _of_catalogue(search: Search, mine: ModelCard | None) -> Iterator[_Found]:
    if mine is None:
        return
    for provider in _providers(search):
        for card in search.catalog.cards(provider):
            if card.kind != "chat" or card.name == mine.name:
                continue
            settings = _settings(search, card)
            if reasons := _reasons(search, settings, card, mine):
                yield _Found(settings, reasons, "", card)


def _providers(search: Search) -> list[str]:
    mine = canonical_provider(search.incumbent.vendor)
    callable_ones = {
        name for name in vendor_names() if canonical_provider(name) == name and not read_vendor(name).own_names
    }
    wanted = [canonical_provider(name) for name in search.vendors] or [mine, *search.catalog.makers]
    known = {*search.catalog.providers}
    for name in search.vendors:
        if canonical_provider(name) not in known:
            search.catalog.cards(name)  # says which there are
    return [name for name in dict.fromkeys(wanted) if name in callable_ones and name in known and name not in _OWN]


def _settings(search: Search, card: ModelCard) -> ModelSettings:
    """The incumbent's entry with this model in its place."""
    mine = search.incumbent
    if canonical_provider(mine.vendor) == card.provider:
        return mine.model_copy(update={"model": card.name})
    elsewhere = dict.fromkeys(_OF_THE_PLACE)
    return mine.model_copy(update={"vendor": card.provider, "model": card.name, **elsewhere})


def _reasons(search: Search, settings: ModelSettings, card: ModelCard, mine: ModelCard | None) -> list[tuple[int, str]]:
    if mine is None:
        return []
    found: list[tuple[int, str]] = []
    last = mine.retires
    ends = mine.stage in _ENDING if last is None else last - search.today <= timedelta(days=search.within)
    if ends and mine.replacement in (card.name, card.id):
        said = f"retires on {mine.retires}" if mine.retires else f"is {mine.stage}"
        found.append((_REPLACES, f"replaces: {mine.name} {said}, and its vendor names this one"))
    before, after = mine.capabilities.released, card.capabilities.released
    if card.maker == mine.maker and _tier(card.name) == _tier(mine.name) and before and after and after > before:
        found.append((_NEWER, f"newer: released {after}, {mine.name} {before}"))
    here, there = search.measured.get(mine.id), search.measured.get(card.id)
    if here and there and here.latency and there.latency and there.latency < here.latency:
        found.append((_FASTER, f"faster: {there.latency:.2f} s by the last trial, not {here.latency:.2f} s"))
    now, then = search.request(search.incumbent), search.request(settings)
    if now and then is not None and then <= _CHEAP * now and card.stage != "unknown" and card.offered is not False:
        found.append((_CHEAPER, f"cheaper: {then / now:.0%} of the price for these requests"))
    return found


def _tier(name: str) -> tuple[str, ...]:
    """The words of a name without its versions: `gpt-4o-mini` and `gpt-5-mini-2025-08-07` are both (gpt, mini)."""
    return tuple(sorted(word for word in name.lower().split("-") if _WORDS.match(word) and word not in _NO_TIER))


# What rules a model out


def _named(one: _Found) -> bool:
    """Whether somebody chose it, and no rule."""
    return bool(one.declared) or one.reasons[0][0] == _INCLUDED


def _against(search: Search, one: _Found, mine: ModelCard | None) -> str:
    named = _named(one)
    if (
        search.vendors
        and not named
        and canonical_provider(one.settings.vendor) not in map(canonical_provider, search.vendors)
    ):
        return "of another vendor"
    card = one.card
    if card is None:
        return ""
    if card.stage in _ENDING or (card.stage == "preview" and not named):
        return f"is {card.stage}" + (f", off from {card.retires}" if card.retires else "")
    if card.retires is not None and (mine is None or mine.retires is None or card.retires <= mine.retires):
        return f"retires on {card.retires}, which is no later than the incumbent"
    return _unable(search.needs, card)


def _unable(needs: Needs, card: ModelCard) -> str:
    can = card.capabilities
    lacking = sorted(name for name in needs.features if getattr(can, name) is False)
    if lacking:
        return f"cannot do what the requests ask for: {', '.join(lacking)}"
    if needs.temperature and can.temperature is False:
        return "takes no temperature but 1, and the requests give one"
    if can.context is not None and needs.tokens > can.context:
        return f"has a context of {can.context:,} tokens, and a request takes {needs.tokens:,}"
    return ""
