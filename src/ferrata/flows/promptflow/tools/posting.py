"""JSON to a service and back, for tools that ask no model."""

import json
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

__all__ = ["NoAnswer", "post"]

_SECONDS = 300.0


class NoAnswer(Exception):
    """A service did not answer with JSON.

    Attributes:
        status: the HTTP status; None where there was no answer at all.
        body: the beginning of what it said.
    """

    def __init__(self, message: str, status: int | None = None, body: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.body = body


def post(url: str, body: dict[str, Any], headers: dict[str, str]) -> Any:
    """What a service answers.

    Raises:
        NoAnswer: it answered with another status than 200, with no JSON, or not at all.
    """
    if not url.startswith(("https://", "http://")):
        raise NoAnswer(f"not a URL of http or https: {url!r}")
    data = json.dumps(body).encode()
    request = Request(url, data, {"content-type": "application/json", **headers}, method="POST")  # noqa: S310 - checked
    try:
        with urlopen(request, timeout=_SECONDS) as answer:  # noqa: S310 - checked
            return json.loads(answer.read())
    except HTTPError as error:
        said = error.read(10_000).decode("utf-8", "replace")
        raise NoAnswer(f"status {error.code}: {said[:300]}", error.code, said) from None
    except (URLError, OSError, ValueError) as error:
        raise NoAnswer(f"{type(error).__name__}: {error}") from None
