"""Who may call what, and how much of it: virtual keys, meters and leases. Knows no request and no model."""

from typing import TYPE_CHECKING

from ferrata.doors import door

if TYPE_CHECKING:
    pass
else:
    __getattr__ = door(
        __name__,
    )

__all__ = []
