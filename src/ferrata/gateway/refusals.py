"""Why a call gets no answer, in words for clients. What a vendor said of itself stays out of them."""

from __future__ import annotations

from ferrata.errors import (
    FerrataError,
    ModelBadResponse,
    ModelBusy,
    ModelDenied,
    ModelError,
    ModelOverQuota,
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
    "Unserved",
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


class Unserved(FerrataError):
    """None of the routes of an endpoint could be built here; another host may have one."""

    code = "endpoint_unavailable"
    status = 503
    retryable = True


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


_OPERATOR = "whoever runs the gateway can see why in the call's attempts"
_WORDS: dict[type[ModelError], tuple[type[ModelError], str, str]] = {
    ModelBusy: (ModelBusy, "takes no more requests just now", "try again a little later"),
    ModelTimeout: (ModelTimeout, "did not answer in time", "try again, or ask for less at once"),
    ModelUnavailable: (ModelUnavailable, "cannot be reached just now", "try again a little later"),
    ModelBadResponse: (ModelBadResponse, "gave no usable answer", "try again"),
    # Not the client's key, and not the client's budget: it would take these two for its own.
    ModelDenied: (UpstreamFailed, "may not use its model", _OPERATOR),
    ModelOverQuota: (UpstreamFailed, "has used up what its model's vendor allows", _OPERATOR),
    ModelRequestInvalid: (ModelRequestInvalid, "refuses the request", "check its parameters and its length"),
    ModelRefused: (ModelRefused, "stopped the request by a content filter", "change the messages"),
}


def for_client(error: ModelError, endpoint: str) -> ModelError:
    """The error as a client may see it: its own mistakes in full, a vendor's failures without the vendor's words.

    Args:
        error: of the last attempt, or in the middle of a stream.
        endpoint: that was called.
    """
    own = isinstance(error, ModelRequestInvalid | ModelRefused)
    if own and error.said is None:  # found before anybody was asked
        return error
    kind, words, hint = next(
        (about for known, about in _WORDS.items() if isinstance(error, known)), (UpstreamFailed, "failed", _OPERATOR)
    )
    said = f": {error.said}" if own and error.said else ""
    return kind(f"the endpoint {endpoint!r} {words}{said}", hint=hint, retry_after=error.retry_after)
