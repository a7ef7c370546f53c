"""Safety of what goes in and out: personal data in texts, blocked phrases."""

from typing import TYPE_CHECKING

from ferrata.doors import door

if TYPE_CHECKING:
    from ferrata.safety.blocklist import Blocklist, Match, Watch
    from ferrata.safety.pii import PII_KINDS, Masker, PiiSpan, find_pii, mask_pii
else:
    __getattr__ = door(
        __name__,
        blocklist=["Blocklist", "Match", "Watch"],
        pii=["PII_KINDS", "Masker", "PiiSpan", "find_pii", "mask_pii"],
    )

__all__ = ["PII_KINDS", "Blocklist", "Masker", "Match", "PiiSpan", "Watch", "find_pii", "mask_pii"]
