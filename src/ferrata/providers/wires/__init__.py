"""Wire formats: pure functions between our words and a vendor's JSON, for clients and for servers."""

from typing import TYPE_CHECKING

from ferrata.doors import door

if TYPE_CHECKING:
    from ferrata.providers.wires.chat import ChatCompletions
    from ferrata.providers.wires.chat_server import ChatCompletionsServer
    from ferrata.providers.wires.completions import TextCompletions
    from ferrata.providers.wires.formats import client_wires, server_wires
    from ferrata.providers.wires.serving import Asked, ServerWire
else:
    __getattr__ = door(
        __name__,
        chat=["ChatCompletions"],
        chat_server=["ChatCompletionsServer"],
        completions=["TextCompletions"],
        formats=["client_wires", "server_wires"],
        serving=["Asked", "ServerWire"],
    )

__all__ = [
    "Asked",
    "ChatCompletions",
    "ChatCompletionsServer",
    "ServerWire",
    "TextCompletions",
    "client_wires",
    "server_wires",
]
