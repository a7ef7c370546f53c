"""Types by which a tool's signature says how a text is meant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["AssistantDefinition", "AttrDict", "FilePath", "PromptTemplate", "Secret"]


class Secret(str):
    """A secret."""

    secret_name: str

    def set_secret_name(self, name: str) -> None:
        """Say which."""
        self.secret_name = name


class PromptTemplate(str):
    """A template."""


class FilePath(str):
    """The path of a file."""


@dataclass
class AssistantDefinition:
    """An assistant of OpenAI's: its model, what it is told, and its tools as the file has them."""

    model: str
    instructions: str
    tools: list[Any]

    def __post_init__(self) -> None:
        self._tool_invoker: Any = None

    @staticmethod
    def deserialize(data: Mapping[str, Any]) -> AssistantDefinition:
        """From what a file has."""
        return AssistantDefinition(data.get("model", ""), data.get("instructions", ""), data.get("tools", []))

    def serialize(self) -> dict[str, Any]:
        """As what a file has."""
        return {"model": self.model, "instructions": self.instructions, "tools": self.tools}


class AttrDict(dict[str, Any]):
    """A dictionary whose keys are attributes too."""

    def __getattr__(self, key: str) -> Any:
        return self[key]

    def __setattr__(self, key: str, value: Any) -> None:
        self[key] = value
