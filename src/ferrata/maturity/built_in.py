"""Where the parts of the maturity room that are data lie."""

from __future__ import annotations

from pathlib import Path

__all__ = ["built_in_rules"]


def built_in_rules() -> Path:
    """The folder of the scanner rules that Ferrata ships."""
    return Path(__file__).parent / "data" / "rules"
