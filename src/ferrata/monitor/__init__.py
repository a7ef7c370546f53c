"""What was called: spans in tables by day, rollups by the minute, and how they get there from the gateways' spools. Knows no gateway."""

from typing import TYPE_CHECKING

from ferrata.doors import door

if TYPE_CHECKING:
    pass
else:
    __getattr__ = door(
        __name__,
    )

__all__ = []
