"""Model cards: all that is known of a model at a provider, and the search among them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from ferrata.catalog.capabilities import FEATURES, Capabilities

if TYPE_CHECKING:
    from datetime import date

    from ferrata.catalog.lifecycle import Stage
    from ferrata.catalog.prices import Price

__all__ = ["KINDS", "Kind", "ModelCard", "ModelFilter", "kind_of"]

Kind = Literal["chat", "embedding", "other"]
KINDS: tuple[Kind, ...] = ("chat", "embedding", "other")
"""What a model is for."""

_NOT_CHAT = re.compile(
    r"whisper|tts|transcribe|realtime|audio|voice|live|dall-e|image|imagen|moderation|rerank|sora|veo|ocr|search|nova-(?:canvas|reel|sonic)"
)


def kind_of(name: str) -> Kind:
    """What a model is for, by its name: `other` is speech, images, moderation, ranking, search."""
    lowered = name.lower()
    if "embed" in lowered:
        return "embedding"
    return "other" if _NOT_CHAT.search(lowered) else "chat"


@dataclass(frozen=True)
class ModelCard:
    """What is known of a model at one provider on a day.

    Attributes:
        provider: who serves it.
        name: as that provider spells it.
        maker: who makes it; None if its name says nothing.
        kind: what it is for.
        pinning: as in `ModelFacts`; None if the name is not of a known family.
        points_to: the pinned name behind a floating one.
        stage: where in its life it is at this provider.
        deprecated: the day of the announcement, where one is known.
        retires: the day from which requests fail.
        replacement: what the vendor recommends instead.
        capabilities: what it can do.
        price: what it costs there now; None where no list says.
        sources: the pages that the facts are from.
        offered: whether it was in the provider's own list when that was asked for; None if it never was.
    """

    provider: str
    name: str
    maker: str | None
    kind: Kind
    pinning: str | None
    points_to: str | None
    stage: Stage
    deprecated: date | None
    retires: date | None
    replacement: str | None
    capabilities: Capabilities
    price: Price | None
    sources: tuple[str, ...]
    offered: bool | None = None

    @property
    def id(self) -> str:
        """`provider/name`."""
        return f"{self.provider}/{self.name}"

    def as_json(self) -> dict[str, object]:
        """Plain data; null is unknown."""
        can = self.capabilities
        return {
            "id": self.id,
            "provider": self.provider,
            "name": self.name,
            "maker": self.maker,
            "kind": self.kind,
            "pinning": self.pinning,
            "points_to": self.points_to,
            "stage": self.stage,
            "released": _iso(can.released),
            "deprecated": _iso(self.deprecated),
            "retires": _iso(self.retires),
            "replacement": self.replacement,
            "context": can.context,
            "max_output": can.output,
            "capabilities": {name: getattr(can, name) for name in FEATURES},
            "open_weights": can.open_weights,
            "licence": can.licence,
            "price": self.price.as_json() if self.price else None,
            "offered": self.offered,
            "sources": list(self.sources),
        }


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None


@dataclass(frozen=True)
class ModelFilter:
    """Which cards are wanted; what is unknown of a model is not met by it.

    Attributes:
        text: part of the id.
        providers: any of them.
        makers: any of them.
        kinds: any of them.
        stages: any of them.
        features: all of them.
        min_context: tokens of context at least.
        max_input_price: US dollars per million tokens of input at most.
        max_output_price: likewise of output.
        licences: any of them; `open` for open weights under any licence.
        pinned: the name fixes the version.
    """

    text: str = ""
    providers: tuple[str, ...] = ()
    makers: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    stages: tuple[str, ...] = ()
    features: tuple[str, ...] = ()
    min_context: int | None = None
    max_input_price: float | None = None
    max_output_price: float | None = None
    licences: tuple[str, ...] = ()
    pinned: bool = False

    def admits(self, card: ModelCard) -> bool:
        """Whether a card is wanted."""
        can = card.capabilities
        among = (
            (card.provider, self.providers),
            (card.maker, self.makers),
            (card.kind, self.kinds),
            (card.stage, self.stages),
        )
        return (
            self.text.lower() in card.id.lower()
            and all(not wanted or value in wanted for value, wanted in among)
            and all(getattr(can, feature) is True for feature in self.features)
            and (self.min_context is None or (can.context is not None and can.context >= self.min_context))
            and (
                not self.licences
                or can.licence in self.licences
                or ("open" in self.licences and can.open_weights is True)
            )
            and (not self.pinned or card.pinning == "pinned")
            and self._affords(card)
        )

    def _affords(self, card: ModelCard) -> bool:
        price = card.price
        limits = (
            (self.max_input_price, price.input if price else None),
            (self.max_output_price, price.output if price else None),
        )
        return all(limit is None or (rate is not None and rate.base <= limit) for limit, rate in limits)
