"""The data plane: a client's call to an endpoint, to the model or flow that answers it, and back. Knows no store."""

from typing import TYPE_CHECKING

from ferrata.doors import door

if TYPE_CHECKING:
    from ferrata.gateway.admission import (
        Doorway,
        Overloaded,
        Places,
        QueueFull,
        QueueTimeout,
        TurnedAway,
        give_back,
        take_all,
        take_now,
    )
    from ferrata.gateway.answers import (
        MOST_ANSWER_BYTES,
        AnswerCache,
        AnswerScope,
        CacheWish,
        Stored,
        answer_key,
        cache_wish,
        kept_headers,
        may_keep,
        scoped_digest,
        tenant_of,
    )
    from ferrata.gateway.coalescing import Coalesced, Flights
else:
    __getattr__ = door(
        __name__,
        admission=[
            "Doorway",
            "Overloaded",
            "Places",
            "QueueFull",
            "QueueTimeout",
            "TurnedAway",
            "give_back",
            "take_all",
            "take_now",
        ],
        answers=[
            "MOST_ANSWER_BYTES",
            "AnswerCache",
            "AnswerScope",
            "CacheWish",
            "Stored",
            "answer_key",
            "cache_wish",
            "kept_headers",
            "may_keep",
            "scoped_digest",
            "tenant_of",
        ],
        coalescing=["Coalesced", "Flights"],
    )

__all__ = [
    "MOST_ANSWER_BYTES",
    "AnswerCache",
    "AnswerScope",
    "CacheWish",
    "Coalesced",
    "Doorway",
    "Flights",
    "Overloaded",
    "Places",
    "QueueFull",
    "QueueTimeout",
    "Stored",
    "TurnedAway",
    "answer_key",
    "cache_wish",
    "give_back",
    "kept_headers",
    "may_keep",
    "scoped_digest",
    "take_all",
    "take_now",
    "tenant_of",
]
