"""Reading: lists page by page, slowest first, one trace as a tree; on both databases."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from spooled import NOON, SECOND, span, write_spool

from ferrata.errors import NotFound, UsageError
from ferrata.monitor import Drain, TraceFilter, list_calls, list_slowest, read_trace

if TYPE_CHECKING:
    from pathlib import Path

    from ferrata.monitor import TraceNode, TracePage
    from ferrata.store import Store

DAY = 86_400


def put(store: Store, folder: Path, *spans: dict[str, Any], project: str = "p") -> None:
    write_spool(folder / "spool", spans).close()
    Drain(store, folder / "spool", project).step()


def numbers(page: TracePage) -> list[int]:
    return [int(found.span_id, 16) - 1 for found in page.spans]


def names(nodes: list[TraceNode]) -> list[Any]:
    return [[node.span.name, *names(node.children)] for node in nodes]


def test_nothing_is_read_where_there_are_no_tables(store: Store) -> None:
    assert list_calls(store, "p", TraceFilter()) == ([], "")
    assert list_slowest(store, "p", TraceFilter()) == ([], "")
    with pytest.raises(NotFound, match="no trace 'abcd'"):
        read_trace(store, "p", "abcd")


def test_calls_are_listed_page_by_page_over_days_and_endpoints(store: Store, tmp_path: Path) -> None:
    spans = [span(n * DAY // 3, **{"ferrata.endpoint": f"e{n % 3}"}) for n in range(10)]
    # two that began at once
    spans.append(span(3 * DAY + 1, started=NOON + 3 * DAY * SECOND))
    put(store, tmp_path, *spans)
    put(store, tmp_path, span(1), project="other")
    wanted = [3 * DAY + 1, *[n * DAY // 3 for n in reversed(range(10))]]
    found: list[int] = []
    after, pages = "", 0
    while True:
        page = list_calls(store, "p", TraceFilter(), limit=3, after=after)
        found += numbers(page)
        after, pages = page.after, pages + 1
        if not after:
            break
    assert found == wanted
    assert pages == 4
    assert numbers(list_calls(store, "p", TraceFilter(endpoint="e1"), limit=2)) == [7 * DAY // 3, 4 * DAY // 3]
    # by key there is no index, and the pages are the same
    page = list_calls(store, "p", TraceFilter(key="key_1"), limit=4)
    rest = list_calls(store, "p", TraceFilter(key="key_1"), limit=9, after=page.after)
    assert numbers(page) + numbers(rest) == wanted
    assert numbers(list_calls(store, "p", TraceFilter(since=NOON + 3 * DAY * SECOND))) == [3 * DAY + 1, 3 * DAY]
    assert numbers(list_calls(store, "other", TraceFilter())) == [1]


@pytest.mark.parametrize("after", ["x", "1", "-", "99999999999999999999-a", "1-"])
def test_a_page_that_nobody_gave_is_refused(store: Store, after: str) -> None:
    with pytest.raises(UsageError, match="no page begins after"):
        list_calls(store, "p", TraceFilter(), after=after)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({}, [4, 3, 2, 1, 0]),
        ({"key": "key_2"}, [1]),
        ({"status": 502}, [2]),
        ({"failed": True}, [3, 2]),
        ({"failed": True, "key": "key_2"}, []),
        ({"endpoint": "support", "status": 200}, [4, 3, 1, 0]),
        ({"endpoint": "none", "status": 200}, []),
        ({"ids": "0" * 31 + "1"}, [0]),
        ({"ids": "00000000"}, [4, 3, 2, 1, 0]),
        ({"ids": "abcd"}, [4]),
        ({"ids": "req_2"}, [2]),
        ({"ids": "req_"}, []),
        ({"ids": "%"}, []),
        ({"ids": "' OR 1=1 --"}, []),
    ],
)
def test_filters(store: Store, tmp_path: Path, wanted: dict[str, Any], found: list[int]) -> None:
    put(
        store,
        tmp_path,
        span(0),
        span(1, **{"ferrata.key": "key_2"}),
        span(2, **{"ferrata.status": 502, "error.type": "model_unavailable"}),
        span(3, error="model_timeout"),
        span(4, trace_id="abcd" * 8),
        # within a call, and no call itself
        span(5, parent_id="0" * 16, **{"ferrata.status": None}),
    )
    assert numbers(list_calls(store, "p", TraceFilter(**wanted))) == found


def test_the_slowest_come_first(store: Store, tmp_path: Path) -> None:
    put(store, tmp_path, *[span(n * DAY, seconds=seconds) for n, seconds in enumerate([3, 9, 1, 5])])
    assert numbers(list_slowest(store, "p", TraceFilter())) == [DAY, 3 * DAY, 0, 2 * DAY]
    assert numbers(list_slowest(store, "p", TraceFilter(since=NOON + 2 * DAY * SECOND))) == [3 * DAY, 2 * DAY]
    assert numbers(list_slowest(store, "p", TraceFilter(endpoint="support"), limit=1)) == [DAY]
    assert numbers(list_slowest(store, "p", TraceFilter(endpoint="none"))) == []


def test_a_trace_is_a_tree_also_over_midnight(store: Store, tmp_path: Path) -> None:
    def part(number: int, name: str, parent: str, **changes: Any) -> dict[str, Any]:
        whole = {"trace_id": "ab" * 16, "parent_id": parent, "name": name, "ferrata.status": None}
        return span(number, **{**whole, **changes})

    ids = [f"{n + 1:016x}" for n in range(DAY)]
    put(
        store,
        tmp_path,
        part(0, "call", "f" * 16, **{"ferrata.status": 200}),
        part(2, "second", ids[0]),
        part(1, "first", ids[0]),
        part(DAY - 1, "late", ids[2]),
        span(7),
        span(8),
    )
    tree = read_trace(store, "p", "ab" * 16)
    assert names(tree) == [["call", ["first"], ["second", ["late"]]]]
    assert tree[0].span.attributes["ferrata.status"] == 200
    assert tree[0].as_json()["children"][1]["children"][0]["seconds"] == 1.0
    for ids_of_it in ("ABAB", "abab", "req_2", " req_2 "):
        assert names(read_trace(store, "p", ids_of_it)) == names(tree)
    with pytest.raises(UsageError, match="several traces"):
        read_trace(store, "p", "0000")
    for nothing in ("", "abc", "ffff", "req_99"):
        with pytest.raises(NotFound):
            read_trace(store, "p", nothing)
    with pytest.raises(NotFound):
        read_trace(store, "other", "abab")


def test_a_ring_of_parents_is_no_endless_tree(store: Store, tmp_path: Path) -> None:
    ring = {"trace_id": "ab" * 16}
    put(
        store,
        tmp_path,
        span(0, parent_id=f"{2:016x}", name="a", **ring),
        span(1, parent_id=f"{1:016x}", name="b", **ring),
    )
    assert sorted(str(names(read_trace(store, "p", "abab")))) == sorted(str([["a"], ["b"]]))


def test_what_was_written_is_read(store: Store, tmp_path: Path) -> None:
    put(store, tmp_path, span(0, **{"ferrata.session": "s", "gen_ai.response.finish_reasons": ["stop"]}))
    (found,) = list_calls(store, "p", TraceFilter()).spans
    assert (
        found.attributes
        == span(0, **{"ferrata.session": "s", "gen_ai.response.finish_reasons": ["stop"]})["attributes"]
    )
    assert (found.user, found.session, found.cost_usd, found.seconds, found.failed) == ("ann", "s", 0.5, 1.0, False)
