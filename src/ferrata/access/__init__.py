"""Who may call what, and how much of it: virtual keys, meters and leases. Knows no request and no model."""

from typing import TYPE_CHECKING

from ferrata.doors import door

if TYPE_CHECKING:
    from ferrata.access.allowances import Allowance, Atoms, Scope, Unit, Window, atoms_of, window_at
    from ferrata.access.keys import Keys
    from ferrata.access.ring import KeyRing
    from ferrata.access.types import Draft, Key, Snapshot
else:
    __getattr__ = door(
        __name__,
        allowances=["Allowance", "Atoms", "Scope", "Unit", "Window", "atoms_of", "window_at"],
        keys=["Keys"],
        ring=["KeyRing"],
        types=["Draft", "Key", "Snapshot"],
    )

__all__ = [
    "Allowance",
    "Atoms",
    "Draft",
    "Key",
    "KeyRing",
    "Keys",
    "Scope",
    "Snapshot",
    "Unit",
    "Window",
    "atoms_of",
    "window_at",
]
