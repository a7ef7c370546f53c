"""`promptflow.contracts.types`."""

from __future__ import annotations

from ferrata.flows.contracts.types import (
    AssistantDefinition,
    AttrDict,
    FilePath,
    PromptTemplate,
    Secret,
)

__all__ = [
    "AssistantDefinition",
    "AttrDict",
    "FilePath",
    "PromptTemplate",
    "Secret",
]
