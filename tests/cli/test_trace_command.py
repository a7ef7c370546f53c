"""`ferrata trace` and `ferrata endpoint`: what they print, before there is a database and with spans that wait."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from ferrata.telemetry import Spool

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Run = Callable[..., Any]

PROJECT = """project: t
models:
  m: {vendor: fake, model: echo}
endpoints:
  support:
    routes: [{model: m, name: first, weight: 9}, {model: m, name: second}]
    fallbacks: [{model: m, name: last}]
  quiet: m
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "ferrata.yaml").write_text(PROJECT)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def call(number: int, **attributes: Any) -> bytes:
    now = time.time_ns() - (10 - number) * 10**9
    about = {"ferrata.endpoint": "support", "ferrata.route": "first", "ferrata.status": 200, "ferrata.key": "key_1"}
    span = {
        "name": "chat support",
        "kind": "llm",
        "trace_id": f"{number:x}" * 32,
        "span_id": f"{number:x}" * 16,
        "parent_id": "",
        "started": now - 10**9,
        "ended": now,
        "attributes": {**about, "ferrata.request": f"req_{number}", **attributes},
        "input_tokens": 1000,
        "output_tokens": 20,
        "cost_usd": 0.25,
    }
    return json.dumps(span).encode() + b"\n"


@pytest.fixture
def called(here: Path) -> Path:
    """Three calls that wait in the spool, and a line that is none."""
    spool = Spool(here / ".ferrata/spool", 10**9)
    failed = {"ferrata.status": 502, "error.type": "model_unavailable", "ferrata.route": "second"}
    for line in (call(1), call(2, **failed), call(3, **{"ferrata.team": "\x1b[31mred"}), b"junk\n"):
        assert spool.append(line)
    spool.close()
    return here


def test_they_work_before_there_is_anything(here: Path, ferrata: Run) -> None:
    assert ferrata("trace", "list").out == "no calls\n"
    assert json.loads(ferrata("trace", "list", "--json").out) == {"calls": [], "after": ""}
    assert ferrata("endpoint", "status").out == "no calls: support, quiet\n"
    assert json.loads(ferrata("endpoint", "status", "--json").out) == {
        "endpoints": [],
        "without_calls": ["support", "quiet"],
    }
    shown = ferrata("trace", "show", "abcd")
    assert (shown.status, shown.out) == (2, "")
    assert shown.err.startswith("ferrata: there is no trace 'abcd'\n")
    assert not (here / ".ferrata").exists()


def test_declared_endpoints_are_listed_with_their_routes(here: Path, ferrata: Run) -> None:
    assert ferrata("endpoint", "list").out == (
        "endpoint  route   goes to  weight\n"
        "support   first   m        9\n"
        "          second  m        1\n"
        "          last    m        fallback\n"
        "quiet     m       m        1\n"
    )
    support, quiet = json.loads(ferrata("endpoint", "list", "--json").out)
    assert [route["name"] for route in support["routes"]] == ["first", "second"]
    assert quiet == {
        "endpoint": "quiet",
        "balance": "weights",
        "routes": [{"name": "m", "model": "m", "flow": None, "weight": 1.0}],
        "fallbacks": [],
    }
    (here / "ferrata.yaml").write_text("project: t\n")
    assert ferrata("endpoint", "list").out == "no endpoint is declared: see `endpoints` in ferrata.yaml\n"


def test_calls_that_wait_in_the_spool_are_shown(called: Path, ferrata: Run) -> None:
    listed = ferrata("trace", "list")
    assert listed.status == 0
    assert listed.err == f"ferrata: 1 line of the spool is no span: see {called}/.ferrata/spool/*.bad\n" or (
        listed.err == "ferrata: 1 line of the spool is no span: see .ferrata/spool/*.bad\n"
    )
    head, *rows = listed.out.splitlines()
    assert head.split()[:4] == ["began", "(UTC)", "id", "endpoint"]
    assert [row.split()[2] for row in rows] == ["3" * 12, "2" * 12, "1" * 12]
    assert rows[1].split()[3:] == [
        "support",
        "second",
        "502",
        "1.000",
        "1000+20",
        "0.250000",
        "key_1",
        "model_unavailable",
    ]
    assert ferrata("trace", "list").err == ""
    page = json.loads(ferrata("trace", "list", "--max", "2", "--json").out)
    rest = ferrata("trace", "list", "--max", "2", "--after", page["after"], "--json")
    assert [span["trace_id"][0] for span in page["calls"] + json.loads(rest.out)["calls"]] == ["3", "2", "1"]
    assert "2" * 12 in ferrata("trace", "list", "--failed", "--slowest", "--last", "1h").out
    assert ferrata("trace", "list", "--key", "nobody").out == "no calls\n"


def test_a_call_is_shown_with_all_that_is_known(called: Path, ferrata: Run) -> None:
    shown = ferrata("trace", "show", "req_3")
    lines = shown.out.splitlines()
    assert lines[0] == f"trace {'3' * 32}"
    assert lines[1].startswith(f"chat support (llm {'3' * 16}): 1.000 s, ")
    assert "  ferrata.team: \\x1b[31mred" in lines
    (root,) = json.loads(ferrata("trace", "show", "3333", "--json").out)
    assert (root["endpoint"], root["input_tokens"], root["children"]) == ("support", 1000, [])


def test_status_shows_routes_and_errors(called: Path, ferrata: Run) -> None:
    shown = ferrata("endpoint", "status")
    lines = shown.out.splitlines()
    assert lines[1].split() == ("support 2 routes 3 1 (33.3%) 0 1.000 s 1.000 s 1.000 s - 3,000+60 0.7500".split())
    assert lines[2].split()[:4] == ["first", "2", "0", "(0.0%)"]
    assert lines[3].split()[:4] == ["second", "1", "1", "(100.0%)"]
    assert lines[4:] == ["errors of support: model_unavailable 1", "no calls: quiet"]
    (about,) = json.loads(ferrata("endpoint", "status", "support", "--last", "1d", "--json").out)["endpoints"]
    assert (about["calls"], about["routes"]["second"]["errors"]) == (3, {"model_unavailable": 1})
    assert ferrata("endpoint", "status", "quiet").out == "no calls: quiet\n"
    assert ferrata("endpoint", "status", "none").status == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["trace", "list", "--last", "3x"], "'3x' is no time, as 15m, 1h or 7d"),
        (["endpoint", "status", "--last", "0m"], "'0m' is no time, as 15m, 1h or 7d"),
        (["endpoint", "status", "--last", "999999w"], "is no time"),
        (["trace", "list", "--after", "x"], "no page begins after 'x'"),
        (["trace", "list", "--slowest", "--after", "1-a"], "the slowest calls have no further page"),
    ],
)
def test_mistakes_are_said(called: Path, ferrata: Run, words: list[str], said: str) -> None:
    done = ferrata(*words)
    assert done.status == 2
    assert said in done.err


def test_a_spool_that_came_with_the_repository_is_not_drained(here: Path, tmp_path: Path, ferrata: Run) -> None:
    (here / "elsewhere").mkdir()
    spool = Spool(here / "elsewhere" / "spool", 10**9)
    spool.append(call(1))
    spool.close()
    (here / ".ferrata").symlink_to(here / "elsewhere")
    assert ferrata("trace", "list").out == "no calls\n"
    assert len(list((here / "elsewhere" / "spool").iterdir())) == 2
