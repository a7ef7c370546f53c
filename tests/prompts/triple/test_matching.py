"""Regular expressions of others, searched for within a time limit."""

from __future__ import annotations

import time

import pytest

from ferrata.prompts import Check
from ferrata.prompts.triple import checks
from ferrata.prompts.triple.checks import check_answer
from ferrata.prompts.triple.matching import SECONDS, search_within

# Doubles its time with each letter.
ENDLESS, TEXT = "(a+)+$", "a" * 60 + "!"


def test_where_a_pattern_matches() -> None:
    assert search_within("b+", "aabb\u00fc\U0001f600") == 2
    assert search_within("\U0001f600$", "aabb\u00fc\U0001f600") == 5
    assert search_within("c", "aabb") is None


def test_a_search_without_end_is_ended() -> None:
    began = time.monotonic()
    with pytest.raises(TimeoutError, match=r"not found out within 0\.5 s"):
        search_within(ENDLESS, TEXT, seconds=0.5)
    assert time.monotonic() - began < 10


@pytest.mark.parametrize("pattern", ["(", "(" * 5_000 + ")" * 5_000, "a{99999999999}"])
def test_what_is_no_pattern(pattern: str) -> None:
    with pytest.raises(ValueError, match=r"unterminated|recursion|large"):
        search_within(pattern, "a")


def test_a_check_that_takes_too_long_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "search_within", lambda pattern, text: search_within(pattern, text, seconds=0.5))
    seen = check_answer(Check(check="matches", value=ENDLESS), TEXT, system="", output=None)
    assert (seen.ok, seen.seen) == (False, f"the pattern {ENDLESS!r} takes too long: not found out within 0.5 s")
    assert SECONDS <= 5


def test_an_answer_of_dots_is_counted_at_once() -> None:
    began = time.process_time()
    seen = check_answer(Check(check="at-most-sentences", value=1), "." * 200_000 + "x", system="", output=None)
    assert seen.ok
    assert time.process_time() - began < 2  # with the square of its length it is minutes
