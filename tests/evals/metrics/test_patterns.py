from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from ferrata.errors import UsageError
from ferrata.evals.metrics import Matched, PatternSearch


def test_searching() -> None:
    with PatternSearch(seconds=30) as search:
        assert search.find(r"(\d+)-(x)?", "ab 12-3") == Matched(3, 6, ("12", None))
        assert search.find(r"\d+", "none") is None
        assert search.find(r"\d+", "12\n34é", how="fullmatch") is None
        assert search.find(r"[\w\s]+", "12\n34é", how="fullmatch") == Matched(0, 6, ())


def test_a_pattern_without_end_is_ended_and_the_next_one_answered() -> None:
    with PatternSearch(seconds=1) as search:
        begun = time.monotonic()
        with pytest.raises(TimeoutError, match="within 1 s"):
            search.find("(a+)+$", "a" * 60 + "b")
        assert time.monotonic() - begun < 20
    with PatternSearch(seconds=30) as search:
        assert search.find("b", "ab") == Matched(1, 2, ())


def test_no_regular_expression() -> None:
    with PatternSearch(seconds=30) as search:
        with pytest.raises(UsageError, match=r"'\(' is no regular expression: missing \)"):
            search.find("(", "text")
        assert search.find("t", "text") == Matched(0, 1, ())


def test_several_threads_get_their_own_answers() -> None:
    with PatternSearch(seconds=30) as search, ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda i: search.find("b", "a" * i + "b"), range(100)))
    assert [one and one.start for one in found] == list(range(100))


def test_a_large_text() -> None:
    with PatternSearch(seconds=30) as search:
        assert search.find("z", "a" * 2_000_000 + "z") == Matched(2_000_000, 2_000_001, ())


def test_after_closing_a_search_starts_anew() -> None:
    search = PatternSearch(seconds=30)
    search.close()
    assert search.find("a", "a") == Matched(0, 1, ())
    search.close()
