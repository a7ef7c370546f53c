"""Endpoints as a project declares them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ferrata.catalog import EndpointSettings, RouteTable, read_routes
from ferrata.errors import InvalidDocument, NotFound
from ferrata.settings import load_settings

if TYPE_CHECKING:
    from pathlib import Path


def table_of(root: Path, text: str) -> RouteTable:
    (root / "ferrata.yaml").write_text(text)
    return read_routes(load_settings(root))


def test_short_forms_name_their_routes(tmp_path: Path) -> None:
    table = table_of(tmp_path, "endpoints:\n  a: main\n  b: {flow: flows/support, retries: 0}\n  c: {routes: main}\n")
    assert [route.name for route in table.endpoint("a").routes] == ["main"]
    assert table.endpoint("b").routes[0].name == "flows-support"
    assert table.endpoint("c").routes == table.endpoint("a").routes
    with pytest.raises(NotFound, match="no endpoint 'd'"):
        table.endpoint("d")


def test_all_mistakes_are_named_with_their_lines(tmp_path: Path) -> None:
    text = "endpoints:\n  a: {model: m, sticky: moon}\n  b: {model: m, fallbacks: [m]}\n  c:\n    routes:\n    - {model: m, weight: 0}\n"
    text += "gateway:\n  budgets:\n  - {usd: 1, tokens: 2}\n"
    with pytest.raises(InvalidDocument) as caught:
        table_of(tmp_path, text)
    found = {mistake.key: (mistake.line, mistake.problem) for mistake in caught.value.mistakes}
    assert found["endpoints.a"][0] == 2
    assert "header:NAME" in found["endpoints.a"][1]
    assert "several routes named 'm'" in found["endpoints.b"][1]
    assert "no route with a weight above 0" in found["endpoints.c"][1]
    assert found["gateway.budgets.0"][0] == 9


def test_limits_by_the_minute_are_budgets() -> None:
    given = {"model": "m", "limits": {"requests_per_minute": 3, "tokens_per_minute": 100}, "budgets": [{"usd": 2}]}
    found = EndpointSettings.model_validate(given).all_budgets()
    assert [(one.unit, one.amount, one.per) for one in found] == [
        ("requests", 3, "minute"),
        ("tokens", 100, "minute"),
        ("usd", 2, "day"),
    ]


def test_a_digest_says_whether_two_tables_are_the_same(tmp_path: Path) -> None:
    one, same = table_of(tmp_path, "endpoints: {a: main}"), table_of(tmp_path, "endpoints:\n  a: {model: main}\n")
    other = table_of(tmp_path, "endpoints: {a: {model: main, retries: 3}}")
    assert one.digest == same.digest != other.digest
