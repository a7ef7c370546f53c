from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferrata.access import Allowance, Window, atoms_of, window_at
from ferrata.errors import UsageError


@pytest.mark.parametrize(
    ("text", "found", "atoms"),
    [
        ("5usd/day", Allowance("usd", "day", 5.0), 5_000_000_000),
        ("0.1 USD / month", Allowance("usd", "month", 0.1), 100_000_000),
        ("100000tokens/minute", Allowance("tokens", "minute", 100_000), 100_000),
        ("1 token/day", Allowance("tokens", "day", 1), 1),
        ("60 requests/minute", Allowance("requests", "minute", 60), 60),
        ("2.5requests/day", Allowance("requests", "day", 2.5), 2),
        (f"{10**30}usd/day", Allowance("usd", "day", 1e30), 2**60),
    ],
)
def test_a_budget_is_read(text: str, found: Allowance, atoms: int) -> None:
    assert Allowance.parse(text) == found
    assert found.atoms == atoms


@pytest.mark.parametrize(
    "text", ["", "5", "5usd", "usd/day", "-5usd/day", "0usd/day", "5eur/day", "5usd/week", "5usd/day/x", "nanusd/day"]
)
def test_what_is_no_budget_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="not a budget"):
        Allowance.parse(text)


def test_what_a_budget_is_written_as_is_read_again() -> None:
    for text in ("5usd/day", "0.25usd/minute", "100000tokens/month", "60requests/minute"):
        assert str(Allowance.parse(text)) == text


def test_money_is_counted_in_billionths() -> None:
    assert atoms_of(requests=1, tokens=5, usd=0.0000015) == (1, 5, 1500)
    assert atoms_of() == (1, 0, 0)


@pytest.mark.parametrize(
    ("window", "at", "start", "end"),
    [
        ("minute", "2026-03-01T12:00:59.999", "2026-03-01T12:00", "2026-03-01T12:01"),
        ("day", "2026-12-31T23:59:59", "2026-12-31", "2027-01-01"),
        ("month", "2026-12-31T23:59:59", "2026-12-01", "2027-01-01"),
        ("month", "2028-02-29T00:00:00", "2028-02-01", "2028-03-01"),
        ("month", "2026-01-31T00:00:00", "2026-01-01", "2026-02-01"),
    ],
)
def test_windows_are_those_of_the_clock(window: Window, at: str, start: str, end: str) -> None:
    seconds = [datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() for text in (at, start, end)]
    assert window_at(window, seconds[0]) == (seconds[1], seconds[2])


@given(st.floats(0, 4e9), st.sampled_from(["minute", "day", "month"]))
def test_every_moment_lies_in_one_window(at: float, window: Window) -> None:
    found = window_at(window, at)
    assert found.start <= at < found.end
    assert window_at(window, found.start) == found
    assert window_at(window, found.end - 1) == found
    assert window_at(window, found.end).start == found.end
