"""What a vendor's failure means: status, headers and body into a kind of `ModelError`.

Knows the error objects of the wire formats; never repeats a key or a whole body.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from ferrata.errors import (
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
from ferrata.providers.payload import read_json
from ferrata.redaction import hide_secrets

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["error_of", "failure_of", "parse_object", "redact", "retry_after_of", "stream_error"]

_MOST_WORDS = 300
_OURS = (
    "max_tokens",
    "temperature",
    "top_p",
    "stop",
    "seed",
    "frequency_penalty",
    "presence_penalty",
    "reasoning_effort",
)
_SECRET = re.compile(r"\b(?:sk|pk|gsk|xai|r8|hf|fw|tgp|key)[-_][\w*.-]{6,}|\bAIza[\w-]{10,}|\bBearer [\w*.~+/=-]{6,}")
# A pattern, so that what a vendor repeats of a key in its own words is hidden as well.
_QUOTA = {"insufficient_quota", "billing_hard_limit_reached", "billing_not_active", "billing_error", "quota_exceeded"}
_QUOTA_WORDS = re.compile(
    r"exceeded your current quota|credit balance|insufficient (?:balance|credit|funds)|billing", re.I
)
# How vendors without a field for it name a parameter that they do not know.
_PARAMETER = re.compile(
    r"^([\w.]+): Extra inputs are not permitted"
    r"|Unknown name \"([\w.]+)\""
    r"|(?:unknown|unsupported|unrecognized|unexpected|invalid) (?:request |keyword )?(?:parameter|argument|field)s?"
    r"(?: supplied)?:? ['\"`]?([A-Za-z_][\w.]*)"
    r"|['\"`]?([A-Za-z_]\w*)['\"`]? (?:is deprecated for this model|is not supported (?:with|by) this model)",
    re.I,
)
_NAME = re.compile(r"[A-Za-z_][\w.\[\]]{0,59}")
_GZIP = b"\x1f\x8b"
_BETWEEN = "try again; if it stays so, check the model's `url` and what stands between, as a proxy or gateway"
_FILTER = {"content_filter", "content_policy_violation", "content_filtered"}


class Failure(NamedTuple):
    """A vendor's own words about a failure, and the parameter that it is about, where they name one."""

    message: str = ""
    code: str = ""
    parameter: str = ""


def failure_of(payload: object) -> Failure | None:
    """The failure in an error object of OpenAI's, Anthropic's or Google's shape, or a plain one; None where it is none."""
    if isinstance(payload, list) and payload:
        payload = cast("list[object]", payload)[0]
    if not isinstance(payload, dict):
        return None
    found = cast("dict[str, Any]", payload)
    error = found.get("error", found if "message" in found and "choices" not in found else None)
    if isinstance(error, str):
        return Failure(error)
    if isinstance(error, dict):
        inner = cast("dict[str, Any]", error)
        codes = [inner.get(name) for name in ("code", "type", "status")]
        code = next((c for c in codes if isinstance(c, str) and c), "")
        return _with_parameter(inner.get("message"), code, inner.get("param"))
    if found.get("detail"):
        return _with_parameter(found["detail"], "", None)
    return None


def _with_parameter(said: object, code: str, named: object) -> Failure:
    """The failure with the name of a parameter, from its own field or from the words of vendors that have none."""
    parameter = named if isinstance(named, str) else ""
    if isinstance(said, dict):
        said = cast("dict[str, Any]", said).get("detail", said)
    if isinstance(said, list):
        said, place = _listed(cast("list[object]", said))
        parameter = parameter or place
    message = str(said or "")
    if not parameter and (match := _PARAMETER.search(message)):
        parameter = next((name for name in match.groups() if name), "")
    return Failure(message, code, parameter if _NAME.fullmatch(parameter) else "")


def _listed(problems: list[object]) -> tuple[str, str]:
    """What FastAPI says is wrong with a body, as Mistral, vLLM and others send it, and where the first mistake is."""
    said: list[str] = []
    first = ""
    for problem in problems:
        found = cast("dict[str, Any]", problem) if isinstance(problem, dict) else {"msg": problem}
        steps = cast("list[object]", found["loc"]) if isinstance(found.get("loc"), list) else []
        place = ".".join(str(step) for step in steps if step != "body")
        first = first or place
        said.append(f"{place}: {found.get('msg')}" if place else str(found.get("msg")))
    return "; ".join(said), first


def error_of(
    status: int,
    body: bytes,
    *,
    who: str,
    header: Callable[[str], str | None] = lambda _name: None,
    secret: str = "",
    now: datetime | None = None,
) -> ModelError:
    """The error that an answer with a status other than 200 stands for.

    Args:
        status: the HTTP status.
        body: the body, or its beginning.
        who: vendor and model, for the message.
        header: gives a header of the answer.
        secret: the key that was sent; it never shows up in the message.
        now: the present moment, for a `Retry-After` that is a date.
    """
    failure = _failure_in(body)
    kind, hint = _kind_of(status, failure, is_html=_is_html(body))
    said = redact(failure.message, secret)[:_MOST_WORDS] if failure.message else ""
    if failure.parameter and kind is ModelRequestInvalid and status != 404:
        said, hint = _about_parameter(failure.parameter, said)
    message = f"{who} {_verb(kind, status)}" + (f": {said}" if said else "")
    request_id = header("x-request-id") or header("request-id") or ""
    # What is said of a missing model is about the project's settings.
    about = "" if status == 404 else said
    return kind(message, hint=hint, retry_after=retry_after_of(header, now), request_id=request_id[:200], said=about)


def _about_parameter(name: str, said: str) -> tuple[str, str]:
    """What was said, with the parameter's name in it, and the way out."""
    close = get_close_matches(name, _OURS, n=1) if name not in _OURS else []
    meant = f"did you mean {close[0]!r}? " if close else ""
    hint = f"{meant}leave {name!r} out of the request and of the model's `parameters`, or choose another model"
    return (said if name in said else f"{said} (parameter {name!r})"), hint


def _failure_in(body: bytes) -> Failure:
    try:
        return failure_of(read_json(body)) or Failure()
    except (ValueError, RecursionError):
        return Failure()


def _kind_of(status: int, failure: Failure, *, is_html: bool) -> tuple[type[ModelError], str]:
    """The kind of error and the way out."""
    for kind, hint, matches in _kinds(status, failure):
        if matches:
            return kind, hint
    if 200 <= status < 300:
        return ModelBadResponse, "check the model's `url`: an answer comes with the status 200; try again"
    if 300 <= status < 400:
        return ModelBadResponse, "check the model's `url`: it leads to another place"
    if is_html and status < 500:
        return ModelRequestInvalid, "check the model's `url`: a web page answers there"
    return (ModelUnavailable, "") if status >= 500 else (ModelRequestInvalid, "")


def _kinds(status: int, failure: Failure) -> list[tuple[type[ModelError], str, bool]]:
    quota = failure.code in _QUOTA or (status in (403, 429) and bool(_QUOTA_WORDS.search(failure.message)))
    pay = "raise the limit or add credit in the vendor's console, or choose another model"
    return [
        (ModelRefused, "change the messages, or the filter in the vendor's console", failure.code in _FILTER),
        (ModelOverQuota, pay, status == 402 or quota),
        (ModelDenied, "check the key and what it may use", status in (401, 403)),
        (ModelBusy, "wait, or lower the `limits` of the model", status in (429, 529)),
        (ModelTimeout, "", status in (408, 504)),
        (ModelRequestInvalid, "check the model's name and its `url`", status == 404),
    ]


def _verb(kind: type[ModelError], status: int) -> str:
    words: dict[type[ModelError], str] = {
        ModelRefused: "stopped the request by its content filter",
        ModelOverQuota: "is over its quota",
        ModelDenied: "denied access",
        ModelBusy: "is busy",
        ModelTimeout: "took too long",
        ModelRequestInvalid: "refused the request",
        ModelUnavailable: "failed",
        ModelBadResponse: "sent no answer",
    }
    return f"{words[kind]} (status {status})" if status else words[kind]


def stream_error(payload: object, who: str = "the model") -> ModelError | None:
    """The error in an event of a stream, if it is one of failure."""
    failure = failure_of(payload)
    if failure is None:
        return None
    statuses = {
        "overloaded_error": 529,
        "rate_limit_error": 429,
        "rate_limit_exceeded": 429,
        "invalid_request_error": 400,
        "authentication_error": 401,
        "permission_error": 403,
        "not_found_error": 404,
    }
    kind, hint = _kind_of(statuses.get(failure.code, 500), failure, is_html=False)
    said = redact(failure.message)[:_MOST_WORDS]
    return kind(
        f"{who} {_verb(kind, 0)} in the middle of the answer" + (f": {said}" if said else ""), hint=hint, said=said
    )


def parse_object(body: bytes, *, who: str) -> dict[str, Any]:
    """The JSON object in an answer.

    Raises:
        ModelBadResponse: it is empty, a web page, no JSON, or JSON that is no object.
    """
    if not body.strip():
        raise ModelBadResponse(f"{who} answered with nothing", hint="check the model's `url`; try again")
    if _is_html(body):
        raise ModelBadResponse(
            f"{who} answered with a web page, not JSON", hint="check the model's `url`: it often ends in /v1"
        )
    try:
        found = read_json(body)
    except (ValueError, RecursionError):
        zipped = ", but with compressed bytes that its headers do not name" if body.startswith(_GZIP) else ""
        raise ModelBadResponse(
            f"{who} answered with no valid JSON{zipped} ({len(body):,} bytes)", hint=_BETWEEN
        ) from None
    if not isinstance(found, dict):
        problem = f"{who} answered with a JSON {type(found).__name__}, not an object"
        raise ModelBadResponse(problem, hint="check the model's `url` and `wire`")
    return cast("dict[str, Any]", found)


def _is_html(body: bytes) -> bool:
    return body[:200].lstrip().lower().startswith((b"<!doctype", b"<html", b"<head", b"<?xml"))


def redact(text: str, secret: str = "") -> str:
    """The text on one line, without the key or what looks like one."""
    return " ".join(_SECRET.sub("***", hide_secrets(text, secret)).split())


def retry_after_of(header: Callable[[str], str | None], now: datetime | None = None) -> float | None:
    """Seconds to wait, from `retry-after-ms` or `Retry-After` (seconds or a date); None where neither says."""
    milliseconds = header("retry-after-ms")
    value = header("retry-after")
    try:
        if milliseconds:
            return max(0.0, float(milliseconds) / 1000)
        if value:
            return max(0.0, float(value))
    except ValueError:
        pass
    if not value:
        return None
    from email.utils import parsedate_to_datetime

    try:
        at = parsedate_to_datetime(value)
    except ValueError:
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return max(0.0, (at - (now or datetime.now(UTC))).total_seconds())
