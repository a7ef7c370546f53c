"""What a call is told that goes over a limit. Knows nothing of how limits are kept."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ferrata.access.allowances import PER_UNIT
from ferrata.errors import FerrataError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ferrata.access.allowances import Unit, Window

__all__ = ["BudgetExceeded", "BudgetUnknown", "OverLimit", "RateLimited", "amount_text", "over_limit", "scope_text"]


class OverLimit(FerrataError):
    """A call would go over a limit; its kinds say over which.

    Attributes:
        retry_after: seconds until the window ends.
        scope: whose limit it is.
        numbers: the headers `x-ratelimit-...` that go with the answer.
    """

    code = "rate_limit_exceeded"
    status = 429

    def __init__(
        self, message: str, *, hint: str = "", scope: str = "", retry_after: float, numbers: Mapping[str, str]
    ) -> None:
        super().__init__(message, hint=hint)
        self.scope = scope
        self.retry_after = retry_after
        self.numbers = numbers


class RateLimited(OverLimit):
    """Over a limit by the minute."""

    retryable = True


class BudgetExceeded(OverLimit):
    """Over a budget of a day or a month."""

    code = "budget_exceeded"


class BudgetUnknown(FerrataError):
    """The store cannot be asked how much of a budget is left, and what may be spent without asking is spent."""

    code = "budget_unknown"
    status = 503
    retryable = True


def scope_text(scope: str) -> str:
    """`team 'support'` for `team:support`."""
    kind, _, name = scope.partition(":")
    return f"{kind} {name!r}" if name else f"the {kind}"


def amount_text(atoms: int, unit: Unit) -> str:
    """`0.25 USD`, `1,000 tokens`, `1 request`."""
    if unit == "usd":
        return f"{atoms / PER_UNIT['usd']:,.9f}".rstrip("0").rstrip(".") + " USD"
    return f"{atoms:,} {unit[:-1] if atoms == 1 else unit}"


def over_limit(
    scope: str,
    unit: Unit,
    window: Window,
    *,
    limit: int,
    left: int,
    need: int,
    seconds: float,
    numbers: Mapping[str, str],
) -> OverLimit:
    """The error for a call that needs more of a meter than is left.

    Args:
        scope: whose it is.
        unit: of the meter.
        window: of the meter.
        limit: of the meter, in atoms.
        left: of it, as far as is known.
        need: of the call.
        seconds: until the window ends.
        numbers: headers.
    """
    whose, whole = scope_text(scope), amount_text(limit, unit)
    hint = f"try again in {math.ceil(seconds):,} s, when the next {window} begins"
    if need > limit:
        said = f"this call may take {amount_text(need, unit)}, more than the {whole} of {whose} for a {window}"
        hint = "ask for less, or raise the limit"
    elif left <= 0:
        said = f"{whose} has used its {whole} of this {window}"
    else:
        said = f"{whose} has {amount_text(left, unit)} left of its {whole} of this {window}, and this call may take {amount_text(need, unit)}"
    kind = RateLimited if window == "minute" else BudgetExceeded
    return kind(said, hint=hint, scope=scope, retry_after=seconds, numbers=numbers)
