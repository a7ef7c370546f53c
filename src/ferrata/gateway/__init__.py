"""The data plane: a client's call to an endpoint, to the model or flow that answers it, and back. Knows no store."""

from typing import TYPE_CHECKING

from ferrata.doors import door

if TYPE_CHECKING:
    from ferrata.gateway.asked_texts import texts_of
    from ferrata.gateway.guarded import GuardedOutput, GuardFailed, OutputWatch
    from ferrata.gateway.guarding import Blocked, BlocklistGuard, Finding, Guard, Guards, build_guards
else:
    __getattr__ = door(
        __name__,
        asked_texts=["texts_of"],
        guarded=["GuardFailed", "GuardedOutput", "OutputWatch"],
        guarding=["Blocked", "BlocklistGuard", "Finding", "Guard", "Guards", "build_guards"],
    )

__all__ = [
    "Blocked",
    "BlocklistGuard",
    "Finding",
    "Guard",
    "GuardFailed",
    "GuardedOutput",
    "Guards",
    "OutputWatch",
    "build_guards",
    "texts_of",
]
