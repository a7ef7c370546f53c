"""Search by SerpApi."""

import json
from enum import Enum
from typing import Any, cast
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from ferrata.flows.contracts.connections import SerpConnection
from ferrata.flows.contracts.tool_errors import SerpAPISystemError, SerpAPIUserError
from ferrata.flows.promptflow._core.tool import ToolProvider, tool

__all__ = ["Engine", "SafeMode", "SerpAPI", "search"]

_URL = "https://serpapi.com/search"
_SECONDS = 60.0


class SafeMode(str, Enum):  # noqa: UP042 - its text is `SafeMode.X`, as Prompt Flow's
    """Whether results for adults are left out."""

    ACTIVE = "active"
    OFF = "off"


class Engine(str, Enum):  # noqa: UP042 - likewise
    """Who searches."""

    GOOGLE = "google"
    BING = "bing"


class SerpAPI(ToolProvider):
    """The tool of one connection."""

    def __init__(self, connection: SerpConnection) -> None:
        super().__init__()
        self.connection = connection

    @tool
    def search(
        self,
        query: str,
        location: str | None = None,
        safe: SafeMode = SafeMode.OFF,
        num: int = 10,
        engine: Engine = Engine.GOOGLE,
    ) -> Any:
        """What SerpApi found, as it says it.

        Raises:
            SerpAPIUserError: it refused the request.
            SerpAPISystemError: it failed, or did not answer.
        """
        name = str(cast("Any", engine).value if isinstance(engine, Enum) else engine)  # pyright: ignore[reportUnnecessaryIsInstance]
        google = name.lower() == "google"
        asked: dict[str, Any] = {"q": query, "engine": name, "source": "python", "output": "json"}
        if location:
            asked["location"] = location
        if safe == SafeMode.ACTIVE:
            asked |= {"safe": "Active"} if google else {"safeSearch": "Strict"}
        if int(num) > 0:
            asked["num" if google else "count"] = int(num)
        return _get(asked | {"api_key": str(self.connection.api_key)})


@tool
def search(
    connection: SerpConnection,
    query: str,
    location: str | None = None,
    safe: SafeMode = SafeMode.OFF,
    num: int = 10,
    engine: Engine = Engine.GOOGLE,
) -> Any:
    """What SerpApi found; raises as `SerpAPI.search`."""
    return SerpAPI(connection).search(query=query, location=location, safe=safe, num=num, engine=engine)


def _get(asked: dict[str, Any]) -> Any:
    try:
        with urlopen(Request(f"{_URL}?{urlencode(asked)}"), timeout=_SECONDS) as answer:  # noqa: S310 - a fixed address
            return json.loads(answer.read())
    except HTTPError as error:
        said = _said(error.read())
        kind = SerpAPISystemError if error.code >= 500 else SerpAPIUserError
        raise kind(message=said or f"SerpAPI search request failed with status {error.code}") from None
    except (URLError, OSError, ValueError) as error:
        # The address that was asked for has the key in it, and is never repeated.
        raise SerpAPISystemError(message=f"SerpAPI search request failed: {type(error).__name__}") from None


def _said(body: bytes) -> str:
    try:
        found: Any = json.loads(body)
    except ValueError:
        return ""
    return str(cast("dict[str, Any]", found).get("error", "")) if isinstance(found, dict) else ""
