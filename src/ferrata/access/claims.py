"""What comes of asking for the right to answer a request that must be answered once. Knows neither store nor request."""

from __future__ import annotations

from typing import Literal, NamedTuple

__all__ = ["Claim"]


class Claim(NamedTuple):
    """Who may answer, or the answer.

    Attributes:
        state: `mine`: who asked is to answer; `answered`: here is the answer; `running`: another one is at it; `mismatch`: the name
            was used for another request.
        token: of the right, where it is `mine`.
        answer: as it was kept, where it is `answered`.
        seconds: until another's right lapses, where it is `running`.
    """

    state: Literal["mine", "answered", "running", "mismatch"]
    token: str = ""
    answer: bytes = b""
    seconds: float = 0.0
