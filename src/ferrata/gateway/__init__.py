"""The data plane: a client's call to an endpoint, to the model or flow that answers it, and back. Knows no store."""

from typing import TYPE_CHECKING

from ferrata.doors import door

if TYPE_CHECKING:
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
else:
    __getattr__ = door(
        __name__,
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
    )

__all__ = [
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
]
