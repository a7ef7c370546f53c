"""The data plane: a client's call to an endpoint, to the model or flow that answers it, and back. Knows no store."""

from typing import TYPE_CHECKING

from ferrata.doors import door

if TYPE_CHECKING:
    pass
else:
    __getattr__ = door(
        __name__,
    )

__all__ = []
