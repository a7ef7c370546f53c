"""The formats that clients speak, by the path at which they are served. What a body means, `providers.wires` knows."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ferrata.providers import server_wires

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ferrata.errors import FerrataError
    from ferrata.providers import Json, ServerWire

__all__ = ["CHAT", "DIALECTS", "EMBEDDINGS", "SCORE", "Dialect"]

_NAMES = {"/chat/completions": "openai-chat", "/responses": "openai-responses", "/messages": "anthropic-messages"}


class Dialect(NamedTuple):
    """One format.

    Attributes:
        name: of the wire format: a body goes through as it is to a model that speaks the same.
        wire: its server's side; None for embeddings.
        operation: as OpenTelemetry calls it.
        kind: of its spans.
    """

    name: str
    wire: ServerWire | None
    operation: str = "chat"
    kind: str = "llm"

    def error(self, error: FerrataError, request_id: str = "") -> Json:
        """The JSON of a failure."""
        return (self.wire or CHAT.wire or server_wires()[0]).error(error, request_id)


_CHATS = {wire.path: Dialect(_NAMES[wire.path], wire) for wire in server_wires()}
CHAT = _CHATS["/chat/completions"]
EMBEDDINGS = Dialect("openai-embeddings", None, "embeddings", "embedding")
SCORE = Dialect("score", None, "invoke_workflow", "flow")
DIALECTS: Mapping[str, Dialect] = {
    **{f"/v1{path}": dialect for path, dialect in _CHATS.items()},
    "/v1/embeddings": EMBEDDINGS,
}
