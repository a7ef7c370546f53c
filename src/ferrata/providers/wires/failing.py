"""Errors as servers of the wire formats say them: the vendors' words for a status, in the vendors' shapes.

Knows errors by their status and code only; what a client's package makes of them is in the tests.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ferrata.errors import FerrataError
    from ferrata.providers.base import Json

__all__ = ["anthropic_error", "openai_error"]

_OPENAI = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "insufficient_quota",
    403: "permission_error",
    404: "not_found_error",
    408: "timeout_error",
    409: "conflict_error",
    413: "invalid_request_error",
    422: "invalid_request_error",
    429: "rate_limit_error",
    503: "service_unavailable_error",
    504: "timeout_error",
    529: "overloaded_error",
}
_ANTHROPIC = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    408: "timeout_error",
    409: "conflict_error",
    413: "request_too_large",
    422: "invalid_request_error",
    429: "rate_limit_error",
    503: "overloaded_error",
    504: "timeout_error",
    529: "overloaded_error",
}
# Codes that clients look for; all others are ours.
_CODES = {
    "content_blocked": "content_filter",
    "model_refused": "content_filter",
    "model_busy": "rate_limit_exceeded",
    "model_over_quota": "insufficient_quota",
}


def openai_error(error: FerrataError, request_id: str = "") -> Json:
    """OpenAI's error object; `param` is the place in the request, where the error names one."""
    found: Json = {
        "message": _message(error),
        "type": _OPENAI.get(error.status, "server_error" if error.status >= 500 else "invalid_request_error"),
        "param": getattr(error, "place", None) or None,
        "code": _CODES.get(error.code, error.code),
    }
    if request_id:
        found["request_id"] = request_id
    return {"error": found}


def anthropic_error(error: FerrataError, request_id: str = "") -> Json:
    """Anthropic's error object."""
    kind = _ANTHROPIC.get(error.status, "api_error" if error.status >= 500 else "invalid_request_error")
    found: Json = {"type": "error", "error": {"type": kind, "message": _message(error)}}
    if request_id:
        found["request_id"] = request_id
    return found


def _message(error: FerrataError) -> str:
    return f"{error.message} ({error.hint})" if error.hint else error.message
