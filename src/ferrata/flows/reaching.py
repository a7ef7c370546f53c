"""A model of the project's as a connection of Prompt Flow's: address, key and version, for code that makes its own client.

What the project declares beside these (limits, retries, cache, parameters) does not go along: such code asks the vendor itself.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ferrata.errors import FerrataError, NotFound
from ferrata.flows.contracts.connections import (
    AzureOpenAIConnection,
    Connection,
    OpenAIConnection,
    ServerlessConnection,
)
from ferrata.flows.failures import FlowError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ferrata.providers import Access, Vendor
    from ferrata.settings import ModelSettings

__all__ = ["connection_to"]

_CHAT, _PATH = "openai-chat", "/chat/completions"


def connection_to(name: str, declared: ModelSettings, kinds: Sequence[str]) -> Connection:
    """The connection to the service of a declared model.

    Args:
        name: of the connection, as the flow says it.
        declared: the model.
        kinds: names of the classes that the code takes.

    Raises:
        FlowError: `NodeInputValidationError`: there is none of these kinds to that vendor; `GetConnectionError`: there is no key
            or no address.
    """
    from ferrata.providers import access_of, read_vendor

    try:
        vendor = read_vendor(declared.vendor)
    except NotFound:
        problem = f"the model {name!r} is of vendor {declared.vendor!r}, which answers inside this process"
        raise _refused(problem, kinds) from None
    try:
        access = access_of(declared, vendor, os.environ.get)
        key = access.key() if access.key is not None else ""
    except FerrataError as error:
        raise FlowError(
            ("GetConnectionError", type(error).__name__), f"the model {name!r}: {error.message}", hint=error.hint
        ) from error
    made = _made(kinds, declared, vendor, access, key)
    if made is None:
        raise _refused(f"the model {name!r} is of {vendor.title}", kinds)
    made.name = name
    return made


def _made(kinds: Sequence[str], declared: ModelSettings, vendor: Vendor, access: Access, key: str) -> Connection | None:
    """The first of the kinds that the vendor's API is."""
    dated = {"api_version": version} if (version := declared.api_version or vendor.api_version) else {}
    base = None
    if _CHAT in vendor.wires and "{" not in (path := vendor.wires[_CHAT] or _PATH):
        base = f"{access.url}{path.removesuffix(_PATH)}"
    for kind in kinds:
        if kind == AzureOpenAIConnection.__name__ and access.header == "api-key":  # as Azure alone has it
            return AzureOpenAIConnection(access.url, key, **dated)
        if kind == OpenAIConnection.__name__ and base is not None:
            return OpenAIConnection(key, base_url=base)
        if kind == ServerlessConnection.__name__ and base is not None:
            return ServerlessConnection(key, base)
    return None


def _refused(problem: str, kinds: Sequence[str]) -> FlowError:
    return FlowError(
        "NodeInputValidationError",
        f"{problem}; there is no {' or '.join(kinds)} to it",
        hint="name a model of another vendor, or ask the model by an llm node or a prompt, which take any",
    )
