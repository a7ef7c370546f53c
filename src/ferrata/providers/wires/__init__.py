"""Wire formats: pure functions between our words and a vendor's JSON, for clients and for servers."""

from ferrata.providers.wires.chat import ChatCompletions
from ferrata.providers.wires.chat_server import ChatCompletionsServer
from ferrata.providers.wires.completions import TextCompletions
from ferrata.providers.wires.formats import client_wires, server_wires

__all__ = ["ChatCompletions", "ChatCompletionsServer", "TextCompletions", "client_wires", "server_wires"]
