"""The wire formats by their names; those of clients and of servers are loaded apart."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ferrata.providers.base import ChatWire
    from ferrata.providers.wires.serving import ServerWire

__all__ = ["client_wires", "server_wires"]


@cache
def client_wires() -> Mapping[str, ChatWire]:
    """The clients' sides, by name."""
    from ferrata.providers.wires.anthropic import AnthropicMessages
    from ferrata.providers.wires.chat import ChatCompletions
    from ferrata.providers.wires.responses import Responses

    wires: tuple[ChatWire, ...] = (ChatCompletions(), Responses(), AnthropicMessages())
    return {wire.name: wire for wire in wires}


@cache
def server_wires() -> Sequence[ServerWire]:
    """The servers' sides; each knows its path."""
    from ferrata.providers.wires.anthropic_server import AnthropicMessagesServer
    from ferrata.providers.wires.chat_server import ChatCompletionsServer
    from ferrata.providers.wires.responses_server import ResponsesServer

    return (ChatCompletionsServer(), ResponsesServer(), AnthropicMessagesServer())
