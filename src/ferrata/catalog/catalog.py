"""The catalogue: every model that Ferrata knows of, by provider, on one moment.

A model is known by its life-cycle line, its abilities or its price; what none of them says is unknown.
"""

from __future__ import annotations

from difflib import get_close_matches
from functools import cached_property
from typing import TYPE_CHECKING

from ferrata.catalog.capabilities import Capabilities, facts_of, read_abilities
from ferrata.catalog.cards import ModelCard, kind_of
from ferrata.catalog.hosts import canonical_provider, listed_provider
from ferrata.catalog.lifecycle import classify_model
from ferrata.catalog.prices import Price, Rate
from ferrata.catalog.records import read_lifecycle
from ferrata.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from ferrata.catalog.lifecycle import ModelFacts, Stage
    from ferrata.catalog.pricebook import PriceBook
    from ferrata.catalog.refresh import Offer

__all__ = ["Catalog"]

# In front of a name, it says that neither its maker nor a host with days of its own serves it.
_ELSEWHERE = "openrouter/"
_LISTING_HOSTS = ("bedrock", "vertex", "azure")


class Catalog:
    """What is known of models at a moment."""

    def __init__(
        self,
        book: PriceBook,
        at: datetime,
        *,
        own_prices: Mapping[str, Price] | None = None,
        offers: Mapping[str, Offer] | None = None,
    ) -> None:
        """A catalogue.

        Args:
            book: the list of prices.
            at: the moment, for prices and life cycles.
            own_prices: the project's own prices by `provider/name`; they come before the list's.
            offers: what providers offered when they were asked.
        """
        self.book = book
        self.at = at
        self._own = {name.lower(): price for name, price in (own_prices or {}).items()}
        self._offers = {
            provider: {model.name: (model, offer.at) for model in offer.models}
            for provider, offer in (offers or {}).items()
        }

    @cached_property
    def makers(self) -> list[str]:
        """Providers that serve the models that they make, and `local`."""
        return sorted({*read_lifecycle().vendors, *read_abilities()})

    @cached_property
    def providers(self) -> list[str]:
        """All providers, makers first."""
        listed = {canonical_provider(name) for name in self.book.providers}.union(_LISTING_HOSTS)
        own = {name.partition("/")[0] for name in self._own}
        return [*self.makers, *sorted((listed | own | set(self._offers)) - set(self.makers))]

    def cards(self, provider: str) -> list[ModelCard]:
        """The models of a provider, by name.

        Raises:
            NotFound: no such provider is known.
        """
        known = canonical_provider(provider)
        if known not in self.providers:
            close = get_close_matches(known, self.providers, n=3)
            hint = f"did you mean {' or '.join(close)}?" if close else f"there are {', '.join(self.providers)}"
            raise NotFound(f"no provider {provider!r}", hint=hint)
        return [self._card(known, name) for name in sorted(self._names(known))]

    def card(self, name: str) -> ModelCard:
        """The card of one model, by `provider/name`, or by the name alone at its maker.

        Raises:
            NotFound: nothing is known of it.
        """
        for provider, rest in self._readings(name):
            if self._is_known(provider, rest):
                return self._card(provider, rest)
        raise NotFound(f"no model {name!r} is known", hint=self._meant(name))

    def price_of(self, provider: str, model: str) -> Price | None:
        """What `model` costs at `provider` now: the project's own price, or the list's; None where neither says."""
        known = canonical_provider(provider)
        return self._own_price(known, model) or self.book.price_of(listed_provider(known), model, self.at)

    def capabilities_of(self, provider: str, model: str) -> Capabilities | None:
        """What `model` can do at `provider`; None where nothing is known of it there."""
        known = canonical_provider(provider)
        return self._card(known, model).capabilities if known in self.providers else None

    def _own_price(self, provider: str, model: str) -> Price | None:
        own = self._own.get(f"{provider}/{model}".lower())
        if own is None and provider == "local":
            return Price(provider, model, "local", Rate(0.0), Rate(0.0))
        return own

    def _readings(self, name: str) -> Iterator[tuple[str, str]]:
        first, slash, rest = name.partition("/")
        if slash and canonical_provider(first) in self.providers:
            yield canonical_provider(first), rest
        facts = classify_model(name, self.at.date())
        if facts is not None:
            if facts.host in _LISTING_HOSTS:
                yield facts.host, rest if slash and canonical_provider(first) == facts.host else name
            elif facts.host is None:
                yield facts.vendor, facts.base
        for provider in self.makers:
            yield provider, name

    def _is_known(self, provider: str, name: str) -> bool:
        if f"{provider}/{name}".lower() in self._own or name in self._offers.get(provider, ()):
            return True
        if self.book.find(listed_provider(provider), name) is not None:
            return True
        facts = self._facts(provider, name)
        lowered = name.lower()
        if facts is None:
            return provider in read_abilities() and lowered in read_abilities()[provider].models
        listing = read_lifecycle().vendors.get(facts.vendor)
        listed = listing is not None and facts.base in listing.models
        known = facts_of(facts.vendor, facts.base, hosted=False) is not None
        return (listed or known) and (facts.vendor == provider or facts.host == provider or provider not in self.makers)

    def _names(self, provider: str) -> set[str]:
        names = {name.partition("/")[2] for name in self._own if name.startswith(f"{provider}/")}
        names.update(self._offers.get(provider, ()))
        if provider in read_lifecycle().vendors:
            names.update(name for name in read_lifecycle().vendors[provider].models if not name.startswith("ft:"))
        if provider in read_abilities():
            names.update(read_abilities()[provider].models)
        covered = {found[1].id for name in names if (found := self.book.find(listed_provider(provider), name))}
        entries = (entry.id for entry in self.book.entries(listed_provider(provider)))
        return names.union(name for name in entries if name not in covered and self._listable(provider, name))

    def _listable(self, provider: str, name: str) -> bool:
        """Whether a name of the list of prices is that of a model there: some are patterns, or other makers' models."""
        if name.startswith("ft:") or name.endswith("-") or self.book.find(listed_provider(provider), name) is None:
            return False
        facts = self._facts(provider, name)
        return provider not in read_lifecycle().vendors or (facts is not None and facts.vendor == provider)

    def _facts(self, provider: str, name: str) -> ModelFacts | None:
        on = self.at.date()
        if provider in self.makers:
            facts = classify_model(name, on)
            return facts if facts is not None and facts.host is None else None
        if provider in _LISTING_HOSTS:
            return classify_model(f"{provider}/{name}", on)
        return classify_model(f"{_ELSEWHERE}{name}", on)

    def _card(self, provider: str, name: str) -> ModelCard:
        facts = self._facts(provider, name)
        hosted = facts is not None and facts.vendor != provider
        maker = facts.vendor if facts else provider if provider in read_abilities() else None
        known = facts_of(maker, facts.base if facts else name.lower(), hosted=hosted) if maker else None
        found = self.book.find(listed_provider(provider), name)
        price = self._own_price(provider, name) or (self.book.price(*found, self.at) if found else None)
        stage: Stage = facts.stage if facts else "unknown"
        sources = [*(known.sources if known else ()), *([facts.source] if facts and facts.source else [])]
        if found is not None and found[1].deprecated and stage == "unknown":
            stage = "deprecated"
            sources.append(f"{self.book.version}: {found[1].id}")
        retires = facts.retires if facts else None
        offer = self._offers.get(provider, {}).get(name)
        if offer is not None and offer[0].retires is not None:
            retires = offer[0].retires
            stage = "retired" if self.at.date() >= retires else "deprecated"
            sources.append(f"the provider's own list, asked on {offer[1][:10]}")
        can = known.capabilities if known else Capabilities()
        listed_context = found[1].context if found else None
        if listed_context is not None and (can.context is None or (hosted and found and found[0] != maker)):
            can = can.model_copy(update={"context": listed_context})
        return ModelCard(
            provider=provider,
            name=name,
            maker=maker,
            kind=kind_of(name),
            pinning=facts.pinning if facts else None,
            points_to=facts.points_to if facts else None,
            stage=stage,
            deprecated=facts.deprecated if facts else None,
            retires=retires,
            replacement=facts.replacement if facts else None,
            capabilities=can,
            price=price,
            offered=None if provider not in self._offers else offer is not None,
            sources=tuple(dict.fromkeys(sources)),
        )

    def _meant(self, name: str) -> str:
        ids = [f"{provider}/{known}" for provider in self.makers for known in self._names(provider)]
        wanted = name.lower()
        close = get_close_matches(wanted, ids, n=3, cutoff=0.6) or [
            known
            for known in ids
            if known.partition("/")[2] in get_close_matches(wanted, [i.partition("/")[2] for i in ids], n=3)
        ]
        return f"did you mean {' or '.join(close)}?" if close else "list them with `ferrata models list --all`"
