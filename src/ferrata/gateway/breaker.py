"""When a route is left alone: after failures one after the other, or when too many of the last calls failed.

Knows nothing of routes, of what is called, or of the time, which it is given.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from ferrata.errors import ModelDenied, ModelError, ModelOverQuota, ModelRefused, ModelRequestInvalid

if TYPE_CHECKING:
    from ferrata.catalog import BreakerSettings

__all__ = ["Breaker", "is_client_fault", "is_route_fault"]

_LAST = 20
_MASK = (1 << _LAST) - 1
_TRIAL_SECONDS = 1.0


def is_client_fault(error: BaseException) -> bool:
    """Whether the request itself is wrong, so that no other attempt could help."""
    return isinstance(error, (ModelRequestInvalid, ModelRefused))


def is_route_fault(error: BaseException) -> bool:
    """Whether the error counts as a failure of the route: it may pass, or the vendor refuses our key or account."""
    return isinstance(error, ModelError) and (error.retryable or isinstance(error, (ModelDenied, ModelOverQuota)))


class Breaker:
    """Lets calls through (`closed`), refuses them (`open`), or lets one try (`half-open`).

    Whoever is let in gets the number of the breaker's epoch and gives it back with the outcome. Outcomes of earlier epochs are
    not heeded, so that a call that began before the breaker opened decides nothing about the one that tries.

    Args:
        settings: when it opens, and for how long.

    Attributes:
        state: `closed`, `open` or `half-open`.
        until: the moment from which one call may try, where it is open.
        held: how many watch the route by probes; while any does, calls do not try.
        opened: how often it has opened.
    """

    __slots__ = (
        "_epoch",
        "_failures",
        "_ring",
        "_row",
        "_seconds",
        "_seen",
        "_share",
        "held",
        "opened",
        "state",
        "until",
    )

    def __init__(self, settings: BreakerSettings) -> None:
        self.state: Literal["closed", "open", "half-open"] = "closed"
        self.until = 0.0
        self.held = 0
        self.opened = 0
        self._epoch = 1
        self._row = 0
        self._ring: int = 0
        self._seen: int = 0
        self.follow(settings)

    def follow(self, settings: BreakerSettings) -> None:
        """Take other settings; the state stays."""
        self._failures = settings.failures
        self._share = settings.share
        self._seconds = settings.seconds

    def enter(self, now: float) -> int:
        """The epoch in which a call may begin, or 0 where it may not."""
        if self.state == "closed":
            return self._epoch
        if self.held or now < self.until:
            return 0
        return self.try_out()

    def try_out(self) -> int:
        """Begin the one trial of an open breaker, whatever the time: its epoch, or 0 where it is not open or one is on its way."""
        if self.state != "open":
            return 0
        self.state = "half-open"
        self._epoch += 1
        return self._epoch

    def succeeded(self, epoch: int) -> None:
        """Count an answer; that of a trial closes the breaker."""
        if epoch != self._epoch:
            return
        if self.state == "half-open":
            self.state = "closed"
            self._epoch += 1
            self._ring = 0
            self._seen = 0
        self._row = 0
        self._ring = self._ring << 1 & _MASK
        self._seen += 1

    def failed(self, epoch: int, now: float) -> None:
        """Count a failure, which may open the breaker; that of a trial opens it again."""
        if epoch != self._epoch:
            return
        self._row += 1
        self._ring = (self._ring << 1 | 1) & _MASK
        self._seen += 1
        too_many = self._seen >= _LAST and self._ring.bit_count() >= self._share * _LAST
        if self.state == "half-open" or self._row >= self._failures or too_many:
            self.state = "open"
            self.until = now + self._seconds
            self.opened += 1
            self._epoch += 1

    def released(self, epoch: int, now: float) -> None:
        """Take back a call that showed nothing; where it was the trial, the next call may try at once."""
        if epoch == self._epoch and self.state == "half-open":
            self.state = "open"
            self.until = now
            self._epoch += 1

    def wait(self, now: float) -> float:
        """Seconds until a call may be let in, as far as is known; 0 where it may now."""
        if self.state == "closed":
            return 0.0
        if self.state == "half-open":
            return _TRIAL_SECONDS
        return max(self.until - now, _TRIAL_SECONDS if self.held else 0.0)
