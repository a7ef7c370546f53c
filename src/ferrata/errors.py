"""The root of every error that Ferrata raises on purpose.

    FerrataError
    ├── UsageError         the caller asked for something that cannot be done
    ├── InvalidDocument    a declared file is wrong; lists every mistake with file, line and key
    ├── NotFound           a name or id that does not exist
    ├── Conflict           somebody else wrote first
    ├── BrokenChain        the ledger does not verify
    ├── StoreUnavailable   the database cannot be reached or used
    └── ModelError         a model did not answer; its kinds say why

An error says what happened, then (`hint`) what to do. The command line prints both without a traceback.
"""

from __future__ import annotations

from typing import ClassVar, NamedTuple

from ferrata.redaction import hide_secrets

__all__ = [
    "BrokenChain",
    "Conflict",
    "FerrataError",
    "InvalidDocument",
    "Mistake",
    "ModelBadResponse",
    "ModelBusy",
    "ModelDenied",
    "ModelError",
    "ModelOverQuota",
    "ModelRefused",
    "ModelRequestInvalid",
    "ModelTimeout",
    "ModelUnavailable",
    "NotFound",
    "StoreUnavailable",
    "UsageError",
]


class FerrataError(Exception):
    """Root of the errors; `code` is stable, `status` is the HTTP status, `hint` is the next step.

    No message has a secret that the process knows of.
    """

    code: ClassVar[str] = "error"
    status: ClassVar[int] = 500
    retryable: ClassVar[bool] = False

    def __init__(self, message: str, *, hint: str = "") -> None:
        self.message = hide_secrets(message)
        self.hint = hide_secrets(hint) if hint else ""
        super().__init__(self.message)


class UsageError(FerrataError):
    """The request makes no sense as it stands."""

    code = "usage"
    status = 400


class NotFound(FerrataError):
    """A name, id or path that does not exist."""

    code = "not_found"
    status = 404


class Conflict(FerrataError):
    """Another writer was first; reading again and retrying may succeed."""

    code = "conflict"
    status = 409
    retryable = True


class BrokenChain(FerrataError):
    """The ledger's hash chain does not verify."""

    code = "broken_chain"


class StoreUnavailable(FerrataError):
    """The database cannot be reached, opened or written."""

    code = "store_unavailable"
    status = 503
    retryable = True


class ModelError(FerrataError):
    """A model did not answer. Never carries a key or a whole body of the vendor's.

    Attributes:
        retry_after: seconds after which the vendor said to try again, or None.
        request_id: the vendor's id of the failed request, or empty.
        said: the vendor's own words about the request, without secrets; empty where there are none, None where no vendor was asked.
    """

    code = "model_error"
    status = 502

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        retry_after: float | None = None,
        request_id: str = "",
        said: str | None = None,
    ) -> None:
        super().__init__(message, hint=hint)
        self.retry_after = retry_after
        self.request_id = request_id
        self.said = said


class ModelDenied(ModelError):
    """The key is missing, wrong, or may not use the model."""

    code = "model_denied"
    status = 401


class ModelOverQuota(ModelError):
    """The account's or the project's budget is used up; waiting a moment does not help."""

    code = "model_over_quota"
    status = 402


class ModelRequestInvalid(ModelError):
    """The vendor refuses the request as it stands: an unknown model or parameter, too many tokens."""

    code = "model_request_invalid"
    status = 400


class ModelRefused(ModelError):
    """The vendor's content filter stopped the request."""

    code = "model_refused"
    status = 422


class ModelBusy(ModelError):
    """Too many requests or tokens at once."""

    code = "model_busy"
    status = 429
    retryable = True


class ModelTimeout(ModelError):
    """No answer in time."""

    code = "model_timeout"
    status = 504
    retryable = True


class ModelUnavailable(ModelError):
    """The vendor cannot be reached, or failed by its own fault."""

    code = "model_unavailable"
    status = 503
    retryable = True


class ModelBadResponse(ModelError):
    """The answer is no answer: HTML, half a stream, nothing, or JSON of another shape."""

    code = "model_bad_response"
    retryable = True


class Mistake(NamedTuple):
    """One mistake in a declared file: where it is and what is wrong."""

    file: str
    line: int
    key: str
    problem: str

    def __str__(self) -> str:
        key = f" {self.key}:" if self.key else ""
        return f"{self.file}:{self.line}:{key} {self.problem}"


class InvalidDocument(FerrataError):
    """A declared file is wrong. Carries all mistakes at once, in the order of their lines."""

    code = "invalid_document"
    status = 422

    def __init__(self, mistakes: list[Mistake], *, hint: str = "") -> None:
        self.mistakes = sorted(mistakes)
        super().__init__("\n".join(str(mistake) for mistake in self.mistakes), hint=hint)

    def __reduce__(self) -> tuple[type[InvalidDocument], tuple[list[Mistake]], dict[str, object]]:
        return type(self), (self.mistakes,), {"hint": self.hint}
