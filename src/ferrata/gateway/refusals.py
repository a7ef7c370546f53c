"""Why a call gets no answer, in words for clients. What a vendor said of itself stays out of them."""

from __future__ import annotations

from ferrata.errors import (
    FerrataError,
    ModelBusy,
    ModelError,
    ModelRefused,
    ModelRequestInvalid,
    ModelTimeout,
    ModelUnavailable,
)

__all__ = [
    "BadBody",
    "BodyTooLarge",
    "NoKey",
    "NoSuchEndpoint",
    "Overloaded",
    "UpstreamFailed",
    "WrongMethod",
    "WrongPath",
    "for_client",
]


class NoKey(FerrataError):
    """No key came, or one that is not known, was revoked or has ended: a client cannot tell which."""

    code = "invalid_api_key"
    status = 401


class NoSuchEndpoint(FerrataError):
    """There is no endpoint of that name, or the key may not call it: a client cannot tell which."""

    code = "model_not_found"
    status = 404


class WrongPath(FerrataError):
    """Nothing is served there."""

    code = "unknown_url"
    status = 404


class WrongMethod(FerrataError):
    """Something is, by another method."""

    code = "method_not_allowed"
    status = 405


class BadBody(FerrataError):
    """The body is no JSON object, or did not come whole."""

    code = "invalid_json"
    status = 400


class BodyTooLarge(FerrataError):
    """The body is larger than the gateway takes."""

    code = "request_too_large"
    status = 413


class Overloaded(FerrataError):
    """As much runs as may."""

    code = "overloaded"
    status = 503
    retryable = True


class UpstreamFailed(ModelError):
    """The models of an endpoint did not answer, by a fault that is not the client's."""

    code = "upstream_failed"
    status = 502
    retryable = True


_WORDS: dict[type[ModelError], str] = {
    ModelBusy: "is asked too often at the moment",
    ModelTimeout: "did not answer in time",
    ModelUnavailable: "cannot be reached at the moment",
}


def for_client(error: FerrataError, endpoint: str) -> FerrataError:
    """The error as a client may see it: its own mistakes in full, a vendor's failures without the vendor's words.

    Args:
        error: of the last attempt, or of the gateway's own.
        endpoint: that was called.
    """
    if not isinstance(error, ModelError) or isinstance(error, ModelRequestInvalid | ModelRefused | UpstreamFailed):
        return error
    for kind, words in _WORDS.items():
        if isinstance(error, kind):
            return kind(f"the endpoint {endpoint!r} {words}", hint="try again", retry_after=error.retry_after)
    return UpstreamFailed(
        f"the endpoint {endpoint!r} failed to answer", hint="try again", retry_after=error.retry_after
    )
