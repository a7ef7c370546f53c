"""`ferrata key` as people use it."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from ferrata.access import Leases
from ferrata.app import open_app

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Run = Callable[..., Any]

SECRET = re.compile(r"sk-fe-[A-Za-z0-9_-]{43}")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "ferrata.yaml").write_text(
        "project: t\nmodels:\n  m: {vendor: fake, model: echo}\nendpoints:\n  chat: {routes: m}\n"
    )
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_key_from_making_to_revoking(here: Path, ferrata: Run) -> None:
    assert ferrata("key", "list").out == "no keys; make one with `ferrata key create NAME`\n"
    assert ferrata("key", "show", "ci").err.startswith("ferrata: no key 'ci'\n")
    assert not (here / ".ferrata").exists()
    made = ferrata(
        *("key", "create", "ci", "--team", "shop", "--user", "ann", "--endpoint", "chat", "--budget", "5usd/day"),
        *("--budget", "2000000 tokens/month", "--requests-per-minute", "60", "--tokens-per-minute", "9000"),
        *("--concurrency", "4", "--expires", "30d"),
    )
    assert (made.status, made.err) == (0, "")
    budgets = "5usd/day, 2000000tokens/month, 60requests/minute, 9000tokens/minute"
    first, secret, last = made.out.splitlines()
    assert re.fullmatch(rf"ci \(key_[0-9a-f]{{12}}\) made: 1 endpoint; {budgets}", first)
    assert SECRET.fullmatch(secret)
    assert last == "this is its secret, shown once and kept nowhere"
    with open_app(here) as app:
        key = app.keys.find("ci")
        leases = Leases(app.store, project="t", holder="h")
        leases.prepare()
        now = app.clock.now().timestamp()
        day = int(now // 86_400 * 86_400)
        with app.store.write() as connection:
            leases.settle(connection, "h", [[f"key:{key.id}", "usd", "day", day, 0.25]])
    shown = ferrata("key", "show", "ci").out
    assert secret not in shown
    assert f"secret            {secret[:11]}…{secret[-4:]}\n" in shown
    assert "used              0.25 of 5usd/day\n" in shown
    assert "concurrency       4\n" in shown
    listed = ferrata("key", "list").out
    assert secret not in listed
    assert re.search(rf"^ci +{key.id} +live +sk-fe-.* shop +ann +chat +{budgets}$", listed, re.MULTILINE)
    assert ferrata("key", "revoke", key.id).out == f"ci ({key.id}) is revoked\n"
    assert ferrata("key", "list").out.startswith("no keys")
    assert " revoked " in ferrata("key", "list", "--all").out
    again = ferrata("key", "revoke", "ci")
    assert (again.status, again.out) == (2, "")
    assert "was revoked at" in again.err
    log = ferrata("ledger", "list").out
    assert secret[6:] not in log
    for action in ("key.created", "limits.set", "key.revoked"):
        assert action in log


def test_a_key_gets_another_secret(here: Path, ferrata: Run) -> None:
    first = SECRET.search(ferrata("key", "create", "ci").out)
    turned = ferrata("key", "rotate", "ci", "--grace", "1h")
    second = SECRET.search(turned.out)
    assert first is not None
    assert second is not None
    assert first[0] != second[0]
    assert re.search(r"^the old one ends at 20\d\d-", turned.out, re.MULTILINE)
    assert ferrata("key", "rotate", "ci", "--grace", "0s").out.endswith("the old one ends now\n")


def test_all_of_it_as_json(here: Path, ferrata: Run) -> None:
    made = json.loads(ferrata("key", "create", "ci", "--budget", "5usd/day", "--json").out)
    assert SECRET.fullmatch(made["secret"])
    assert (made["name"], made["state"], made["endpoints"], made["budgets"]) == ("ci", "live", [], ["5usd/day"])
    shown = json.loads(ferrata("key", "show", made["id"], "--json").out)
    assert shown["used"] == [{"budget": "5usd/day", "used": 0.0}]
    assert [one["id"] for one in json.loads(ferrata("key", "list", "--json").out)] == [made["id"]]
    turned = json.loads(ferrata("key", "rotate", "ci", "--json").out)
    assert SECRET.fullmatch(turned["secret"])
    assert turned["old_secret_until"] > turned["created"]
    assert json.loads(ferrata("key", "revoke", "ci", "--json").out)["state"] == "revoked"


def test_an_endpoint_that_is_not_declared_is_named(here: Path, ferrata: Run) -> None:
    made = ferrata("key", "create", "ci", "--endpoint", "chat", "--endpoint", "other")
    assert made.status == 0
    assert made.err == "ferrata.yaml declares no endpoint other (yet)\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["a b"], "not a name of a key: 'a b'"),
        (["ci", "--team", "x y"], "not a name of a team: 'x y'"),
        (["ci", "--budget", "5eur/day"], "not a budget: '5eur/day'"),
        (["ci", "--budget", "5usd/day", "--budget", "6usd/day"], "two budgets of usd for a day"),
        (["ci", "--expires", "soon"], "not a time: 'soon'"),
        (["ci", "--expires", "0d"], "expired already"),
        (["ci", "--concurrency", "0"], "0 is not in the range"),
    ],
)
def test_what_cannot_be_is_refused(here: Path, ferrata: Run, words: list[str], said: str) -> None:
    made = ferrata("key", "create", *words)
    assert (made.status, made.out) == (2, "")
    assert said in made.err
    assert "Traceback" not in made.err
