"""Which route a call takes: by its name, its release, a condition, or dealt; and what its span says of that."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from test_calls import ask, served

from ferrata.catalog import ConditionSettings, EndpointSettings
from ferrata.providers import FakeModel, FakeServer

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from serving_here import Served

ENDPOINT = """
endpoints:
  chat:
    sticky: user
    routes:
      - {name: a, model: one}
      - {name: b, model: one}
      - {name: eu, model: two, when: {header: {x-region: [eu, ch]}}}
      - {name: long, model: two, when: {over: 5000}}
      - {name: never, model: two, when: {until: "2020-01-01T00:00:00Z"}}
"""


@pytest.fixture
def at(tmp_path: Path) -> Generator[Served]:
    with (
        FakeServer(FakeModel(["from one"])) as one,
        FakeServer(FakeModel(["from two"])) as two,
        served(tmp_path, one, two, ENDPOINT) as found,
    ):
        yield found


def went(at: Served, **more: Any) -> dict[str, Any]:
    status, answer, _ = ask(at, **more)
    assert status == 200, answer
    return at.spans[-1]["attributes"]


def test_conditions_come_before_weights(at: Served) -> None:
    assert went(at, headers={"X-Region": "ch"})["ferrata.route"] == "eu"
    assert went(at, headers={"X-Region": "us"})["ferrata.route"] in {"a", "b"}
    assert went(at, messages=[{"role": "user", "content": "x" * 6000}])["ferrata.route"] == "long"
    assert went(at, headers={"X-Ferrata-Route": "never"})["ferrata.route"] == "never"
    status, answer, _ = ask(at, headers={"X-Ferrata-Release": "release/bot@1"})
    assert (status, answer["error"]["code"]) == (404, "not_found")


def test_a_span_says_where_its_call_was_dealt(at: Served) -> None:
    first, again, other = went(at, user="carl"), went(at, user="carl"), went(at, user="dora")
    assert first["ferrata.drawn"] == first["ferrata.route"]
    assert first["ferrata.unit"] == again["ferrata.unit"] != other["ferrata.unit"]
    assert "carl" not in str(first)
    assert "ferrata.drawn" not in went(at, user="carl", headers={"X-Ferrata-Route": "a"})
    assert "ferrata.drawn" not in went(at, headers={"X-Region": "eu"})


@pytest.mark.parametrize(
    ("given", "moment", "holds"),
    [
        ({"hours": "22:00-06:00"}, "2026-03-02T23:00", True),
        ({"hours": "22:00-06:00"}, "2026-03-02T06:00", False),
        ({"hours": "08:00-18:00", "zone": "Europe/Berlin"}, "2026-07-01T06:30", True),
        ({"hours": "08:00-18:00", "zone": "Europe/Berlin"}, "2026-01-01T06:30", False),
        ({"days": ["mon"]}, "2026-03-02T12:00", True),
        ({"days": ["mon"]}, "2026-03-03T12:00", False),
        ({"days": ["mon"], "hours": "22:00-06:00"}, "2026-03-03T05:00", True),
        ({"days": ["mon"], "hours": "22:00-06:00"}, "2026-03-02T05:00", False),
        ({"since": "2026-03-02T12:00Z"}, "2026-03-02T11:59", False),
        ({"until": "2026-03-02T12:00Z"}, "2026-03-02T12:00", False),
    ],
)
def test_times(given: dict[str, Any], moment: str, holds: bool) -> None:
    condition = ConditionSettings.model_validate(given)
    assert condition.is_timed
    assert condition.holds_at(datetime.fromisoformat(moment).replace(tzinfo=UTC)) is holds


@pytest.mark.parametrize(
    ("when", "match"),
    [
        ({}, "says nothing"),
        ({"hours": "8-18"}, "22:00-06:00"),
        ({"days": ["monday"]}, "'mon'"),
        ({"zone": "Mars/North", "over": 3}, "no time zone"),
        ({"header": {"x region": ["eu"]}}, "no name of a header"),
        ({"since": "2026-03-02T12:00", "over": 3}, "timezone"),
    ],
)
def test_a_condition_that_cannot_be_is_refused(when: dict[str, Any], match: str) -> None:
    routes = [{"model": "a/b"}, {"name": "other", "model": "a/b", "when": when}]
    with pytest.raises(ValueError, match=match):
        EndpointSettings.model_validate({"routes": routes})


def test_some_route_takes_what_no_condition_takes() -> None:
    with pytest.raises(ValueError, match="without `when`"):
        EndpointSettings.model_validate({"routes": [{"model": "a/b", "when": {"over": 3}}]})
