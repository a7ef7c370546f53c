"""A URL as target: what its answers mean. Knows no dataset, and no vendor's wire format."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ferrata.errors import ModelBadResponse, ModelBusy, ModelError, ModelRequestInvalid, UsageError
from ferrata.evals import Produced
from ferrata.providers import Timeouts, address_of, retry_after_of, shown_url
from ferrata.targets.values import values_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ferrata.providers import Answer, HttpClient

__all__ = ["UrlTarget"]

_WHO = "the target"
# So much of an answer is shown where it cannot be used.
_SHOWN = 200
_BUSY, _UNAVAILABLE = 429, 503


@dataclass
class UrlTarget:
    """An endpoint: the row's columns as JSON are posted to it, as to `/score`.

    Args:
        url: of http or https.
        http: asks it.
        headers: of each request.

    Raises:
        UsageError: it is no URL.
    """

    url: str
    http: HttpClient
    headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)

    def __post_init__(self) -> None:
        try:
            address_of(self.url)
        except ModelRequestInvalid as error:
            raise UsageError(error.message, hint="as in https://host/score") from None
        self.name = shown_url(self.url)
        self.digest = ""  # what is behind it can change at any time

    async def __call__(self, inputs: Mapping[str, Any]) -> Produced:
        """The answer's JSON by name, or its text.

        Raises:
            ModelBusy: it was asked too often.
            ModelBadResponse: what came is no answer: a web page, broken JSON, nothing.
            ModelError: there is no answer, or one of another status than 200 to 299.
        """
        answer = await self.http.post(
            self.url, dict(inputs), dict(self.headers), timeouts=Timeouts(total=3600), who=_WHO
        )
        wait = retry_after_of(answer.header)
        if answer.status == _BUSY or (answer.status == _UNAVAILABLE and wait is not None):
            raise ModelBusy(f"{self.name} answered {answer.status}", retry_after=wait)
        if not 200 <= answer.status < 300:
            raise self._refused(answer)
        return Produced(values_of(self._output(answer)))

    def _refused(self, answer: Answer) -> ModelError:
        if 300 <= answer.status < 400 and (place := answer.header("location")):
            return ModelError(
                f"{self.name} answered {answer.status}: it is at {place!r}",
                hint="name that URL as the target; no redirect is followed",
            )
        text = _text(answer)[:_SHOWN]
        return ModelError(f"{self.name} answered {answer.status}{f': {text}' if text else ''}")

    def _output(self, answer: Answer) -> Any:
        text, kind = _text(answer), (answer.header("content-type") or "").partition(";")[0].strip().lower()
        if kind in ("text/html", "application/xhtml+xml"):
            raise ModelBadResponse(
                f"{self.name} answered with a web page: {text[:_SHOWN]}",
                hint="see whether something stands before it that wants a login",
            )
        is_json = kind == "application/json" or kind.endswith("+json")
        try:
            return json.loads(text)
        except (ValueError, RecursionError) as error:
            if is_json or isinstance(error, RecursionError):
                shown = text[:_SHOWN] or "nothing"
                raise ModelBadResponse(f"{self.name} answered with broken JSON ({error}): {shown}") from None
        return text


def _text(answer: Answer) -> str:
    return answer.body.decode("utf-8", "replace")
