"""Safety of what goes in and out: so far, personal data in texts."""

from typing import TYPE_CHECKING

from ferrata.doors import door

if TYPE_CHECKING:
    from ferrata.safety.pii import PII_KINDS, Masker, PiiSpan, find_pii, mask_pii
else:
    __getattr__ = door(__name__, pii=["PII_KINDS", "Masker", "PiiSpan", "find_pii", "mask_pii"])

__all__ = ["PII_KINDS", "Masker", "PiiSpan", "find_pii", "mask_pii"]
