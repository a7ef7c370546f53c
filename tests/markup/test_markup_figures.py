"""Numbers as people read them."""

from __future__ import annotations

from math import inf

import pytest

from ferrata.markup import figures, percent


@pytest.mark.parametrize(
    ("value", "around", "text"),
    [
        (1234567890.4, (1234567878.0, 1234567902.0), "1234567890"),
        (1234567890.4, None, "1.235e+09"),
        (1234567890.4, (-inf, 1234567902.0), "1.235e+09"),
        (1234567890.4, (1.1e9, 1.3e9), "1.235e+09"),
        (0.5, (0.25, 0.75), "0.5"),
        (0.123456, (0.1, 0.15), "0.1235"),
        (0.0, (-1.0, 1.0), "0"),
        (1e9, (1e9, 1e9), "1e+09"),
        (1e15, (1e15 - 1e-3, 1e15 + 1e-3), "1e+15"),
    ],
)
def test_figures_follow_the_interval(value: float, around: tuple[float, float] | None, text: str) -> None:
    assert figures(value, around) == text


def test_figures_at_least_and_sign() -> None:
    assert (figures(0.123456, least=3), figures(0.0, sign="+"), figures(-2.5, sign="+")) == ("0.123", "+0", "-2.5")


@pytest.mark.parametrize(
    ("share", "text"),
    [(0.95, "95"), (0.9, "90"), (0.55, "55"), (1 - 2 * 0.35, "30"), (0.999999999999, "99.9999999999"), (1, "100")],
)
def test_a_share_in_percent(share: float, text: str) -> None:
    assert percent(share) == text


def test_only_all_is_100_percent() -> None:
    assert percent(1 - 2**-53) == "99.99999999999999"
