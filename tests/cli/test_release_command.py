"""`ferrata release`, `deploy`, `promote`, `rollback`, `freeze` and `status` as people use them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Run = Callable[..., Any]

PROJECT = """project: t
models:
  one: {vendor: fake, model: echo}
  two: {vendor: openai, model: gpt-4o-mini-2024-07-18, key: '${env:SHOP_KEY}'}
endpoints:
  chat: {model: one}
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "ferrata.yaml").write_text(PROJECT)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.usefixtures("here")
def test_a_release_from_making_to_rolling_back(ferrata: Run) -> None:
    made = ferrata("release", "create", "bot", "model:two", "--waive", "the first one")
    assert made.status == 0
    assert made.out.startswith("release/bot@1 made: two, ")
    assert ferrata("release", "create", "bot", "model:two", "--waive", "the first one").out.startswith(
        "release/bot@1 is there already"
    )
    shown = json.loads(ferrata("release", "show", "bot", "--json").out)
    assert shown["models"]["two"]["key"] == "${env:SHOP_KEY}"
    assert shown["environment"] == ["SHOP_KEY"]
    unset = ferrata("release", "verify", "bot")
    assert (unset.status, unset.out) == (1, "release/bot@1: the variable SHOP_KEY is not set here\n")
    deployed = json.loads(ferrata("deploy", "chat", "bot", "--why", "cheaper", "--json").out)
    assert [(one["name"], one["weight"]) for one in deployed["routes"]] == [("one", 95.0), ("bot-1", 5.0)]
    assert (deployed["table"], deployed["act"], deployed["why"], deployed["gateways"]) == (1, "deploy", "cheaper", [])
    assert "moving to release/bot@1 already" in ferrata("deploy", "chat", "bot").err
    promoted = ferrata("promote", "chat", "--stage")
    assert "release/bot@1  25.0%" in promoted.out
    back = ferrata("rollback", "chat", "--why", "wrong prices")
    assert back.out.startswith("chat: table 3, rollback\n")
    assert "nothing to go back to" in ferrata("rollback", "chat").err
    history = json.loads(ferrata("status", "chat", "--history", "9", "--json").out)["history"]
    assert [(one["act"], one["why"]) for one in history] == [
        ("rollback", "wrong prices"),
        ("advance", ""),
        ("deploy", "cheaper"),
    ]


@pytest.mark.usefixtures("here")
def test_two_releases_are_compared(ferrata: Run) -> None:
    ferrata("release", "create", "bot", "model:one", "--waive", "x")
    ferrata("release", "create", "bot", "model:two", "--waive", "x")
    same = ferrata("release", "diff", "bot@1", "bot@1")
    assert (same.status, same.out) == (0, "release/bot@1 and release/bot@1 hold the same\n")
    other = ferrata("release", "diff", "bot@1", "bot@2", "--json")
    assert other.status == 1
    assert json.loads(other.out)["model"] == {"from": "one", "to": "two"}
    assert [line.split()[0] for line in ferrata("release", "list").out.splitlines()] == ["release", "release/bot@2"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("release", "create", "bot", "model:three"), "no model 'three'"),
        (("release", "create", "bot", "prompt/x@1"), "does not answer calls"),
        (("release", "show", "bot"), "release/bot"),
        (("deploy", "chat", "bot"), "release/bot"),
        (("deploy", "shop", "bot"), "there is no endpoint 'shop'"),
        (("deploy", "chat", "bot", "--shares", "50,20"), "shares must grow"),
        (("promote", "chat"), "not moving to any release"),
        (("freeze", "chat"), "--why"),
    ],
)
@pytest.mark.usefixtures("here")
def test_what_cannot_be_is_said(words: tuple[str, ...], said: str, ferrata: Run) -> None:
    done = ferrata(*words)
    assert done.status != 0
    assert said in done.err
