"""What is declared of a vendor: where it answers, how one is let in, which wire formats it speaks and how they differ.

Knows no vendor by name, and of models nothing at all.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field

from ferrata.documents import Document

__all__ = ["Auth", "Quirks", "Vendor", "WireName"]

WireName = Literal["openai-chat", "openai-responses", "anthropic-messages"]


class Auth(Document):
    """How the key is carried.

    Attributes:
        header: the header that carries it.
        prefix: what stands before it.
    """

    header: str = "authorization"
    prefix: str = "Bearer "


class Quirks(Document):
    """How the vendor's chat/completions differ from OpenAI's; see `Dialect`."""

    max_tokens: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    system_role: Literal["system", "developer"] = "system"
    seed: Literal["seed", "random_seed"] = "seed"
    stream_usage: bool = True
    refuses: list[str] = []


class Vendor(Document):
    """One file of this folder.

    Attributes:
        title: the name for people.
        url: of the API; `{region}` and the like are filled from the variables in `places`. None: it must be given.
        url_variable: the environment variable that names another URL.
        places: what stands in braces in `url`: name -> environment variable.
        hosts: patterns of the vendor's own hosts; its key goes nowhere else.
        key_variable: the environment variable with the key; None where none is needed.
        auth: how the key is carried.
        headers: further headers of each request.
        wires: the wire formats that it speaks, the usual one first, each with its path where that is not the format's own.
        query: what follows the path, `{api_version}` filled in.
        api_version: the version that is asked for where one must be.
        embeddings: the path for embeddings; None where there are none.
        models: the path of the list of models; None where there is none.
        quirks: of chat/completions.
        own_names: models go by names that the user has given them, which say nothing of what they are.
        source: the page that says so.
    """

    title: str
    url: str | None = None
    url_variable: str | None = None
    places: dict[str, str] = {}
    hosts: list[str] = []
    key_variable: str | None = None
    auth: Auth = Auth()
    headers: dict[str, str] = {}
    wires: dict[WireName, str | None] = Field(min_length=1)
    query: str = ""
    api_version: str | None = None
    embeddings: str | None = "/embeddings"
    models: str | None = "/models"
    quirks: Quirks = Quirks()
    own_names: bool = False
    source: str

    def owns(self, url: str) -> bool:
        """Whether a URL is of the vendor's own hosts, and not readable on the way."""
        parts = urlsplit(url)
        host = (parts.hostname or "").lower()
        return parts.scheme == "https" and any(fnmatchcase(host, pattern) for pattern in self.hosts)
