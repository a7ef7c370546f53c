"""Who acts. Knows nothing of what is done."""

from __future__ import annotations

import getpass
import os

__all__ = ["current_actor"]


def current_actor() -> str:
    """Who acts: `FERRATA_ACTOR`, or the user of this process."""
    try:
        return os.environ.get("FERRATA_ACTOR") or getpass.getuser()
    except (OSError, KeyError):
        return "unknown"
