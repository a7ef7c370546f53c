"""What starts a workflow, in the scanner's five words."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["TRIGGERS", "order_triggers", "with_environment"]

TRIGGERS = ("push", "pull_request", "schedule", "manual", "release")


def order_triggers(words: Iterable[str]) -> tuple[str, ...]:
    """The words that are triggers, each once, in a fixed order."""
    given = set(words)
    return tuple(word for word in TRIGGERS if word in given)


def with_environment(uses: str, environment: str) -> str:
    """The action with the environment that it deploys to."""
    return f"{uses} environment:{environment}".strip() if environment else uses
