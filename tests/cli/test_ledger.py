from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import types
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner, Result

from ferrata.assets import GENESIS, Ledger
from ferrata.cli.ledger import ledger as group
from ferrata.errors import NotFound, UsageError
from ferrata.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from ferrata.clock import FrozenClock


@dataclass(frozen=True)
class _App:
    ledger: Ledger
    has_store: bool = True

    def __enter__(self) -> _App:
        return self

    def __exit__(self, *_exception: object) -> None:
        pass


@pytest.fixture
def ledger(tmp_path: Path, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ledger]:
    with Store.open(f"sqlite:///{tmp_path}/ferrata.db") as store:
        opened = Ledger(store, clock, "ann", project="bot")

        def open_app(path: Path) -> _App:
            assert path.name == "project"
            return _App(opened)

        app = types.ModuleType("ferrata.app")
        app.open_app = open_app  # pyright: ignore[reportAttributeAccessIssue]
        monkeypatch.setitem(sys.modules, "ferrata.app", app)
        yield opened


@pytest.fixture
def three(ledger: Ledger, clock: FrozenClock) -> Ledger:
    for n, (action, payload) in enumerate(
        [("limits.set", {}), ("learning.recorded", {"topic": "größe\t1"}), ("feedback.received", {"count": 3})], start=1
    ):
        ledger.append(action, subjects=[f"prompt/a@{n}", "x/y"], payload=payload, id=f"{n:032x}")
        clock.advance(timedelta(hours=1))
    return ledger


def _run(command: str, *arguments: str) -> Result:
    result = CliRunner().invoke(group, [command, "--project", "project", *arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
    return result


def test_list_is_tab_separated_and_newest_first_when_it_is_not_a_terminal(three: Ledger) -> None:
    assert _run("list").stdout.splitlines() == [
        '3\t2026-03-01T14:00:00.000000Z\tbot\tann\tfeedback.received\tprompt/a@3 x/y\t{"count":3}',
        '2\t2026-03-01T13:00:00.000000Z\tbot\tann\tlearning.recorded\tprompt/a@2 x/y\t{"topic":"größe\\t1"}',
        "1\t2026-03-01T12:00:00.000000Z\tbot\tann\tlimits.set\tprompt/a@1 x/y\t{}",
    ]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--action", "limits.set"], [1]),
        (["--since", "2026-03-01T13:00:00Z"], [3, 2]),
        (["--since", "2026-03-01T14:00:00+01:00"], [3, 2]),
        (["--since", "2026-03-02"], []),
        (["--subject", "prompt/a"], [3, 2, 1]),
        (["--subject", "prompt/a@2"], [2]),
        (["--actor", "bob"], []),
        (["--limit", "1"], [3]),
        (["--limit", "0"], [3, 2, 1]),
    ],
)
def test_list_filters(three: Ledger, arguments: list[str], expected: list[int]) -> None:
    records = [json.loads(line) for line in _run("list", "--json", *arguments).stdout.splitlines()]
    assert [record["seq"] for record in records] == expected
    assert records == [three.get(seq).as_json() for seq in expected]


def test_list_keeps_to_a_project_unless_told(three: Ledger, clock: FrozenClock, tmp_path: Path) -> None:
    with Store.open(f"sqlite:///{tmp_path}/ferrata.db") as store:
        Ledger(store, clock, "eve", project="other").append("limits.set")

    def listed(*arguments: str) -> list[str]:
        return [line.split("\t")[0] for line in _run("list", *arguments).stdout.splitlines()]

    assert listed() == listed("--of", "bot") == ["3", "2", "1"]
    assert listed("--of", "other") == ["4"]
    assert listed("--of", "nobody") == listed("--of", "") == []
    assert listed("--all") == ["4", "3", "2", "1"]
    assert _run("list", "--all").stdout.splitlines()[0].split("\t")[2:5] == ["other", "eve", "limits.set"]
    refused = CliRunner().invoke(group, ["list", "--project", "project", "--of", "bot", "--all"])
    assert isinstance(refused.exception, UsageError)


def test_list_stops_at_fifty_unless_told(ledger: Ledger) -> None:
    for _ in range(52):
        ledger.append("limits.set")
    assert len(_run("list").stdout.splitlines()) == 50
    assert len(_run("list", "--limit", "0").stdout.splitlines()) == 52


def test_list_refuses_a_time_that_is_none(ledger: Ledger) -> None:
    result = _run("list", "--since", "yesterday")
    assert result.exit_code == 2
    assert "not a time: 'yesterday'; write it as 20" in result.stderr


def test_list_draws_a_table_on_a_terminal(three: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ferrata.cli.ledger._is_terminal", lambda: True)
    monkeypatch.setenv("COLUMNS", "160")
    lines = _run("list").stdout.splitlines()
    assert "time (UTC)" in lines[1]
    assert "2026-03-01 14:00:00" in lines[3]
    assert "feedback.received" in lines[3]


@pytest.mark.parametrize("key", ["2", f"{2:032x}", f"{2:032X}"])
def test_show_takes_a_number_or_an_id(three: Ledger, key: str) -> None:
    assert json.loads(_run("show", key, "--json").stdout) == three.get(2).as_json()


def test_show_prints_a_field_a_line(three: Ledger) -> None:
    record = three.get(2)
    assert _run("show", "2").stdout.splitlines() == [
        "seq\t2",
        f"id\t{2:032x}",
        "at\t2026-03-01T13:00:00.000000Z",
        "project\tbot",
        "actor\tann",
        "action\tlearning.recorded",
        'subjects\t["prompt/a@2", "x/y"]',
        'payload\t{"topic": "größe\\t1"}',
        f"previous\t{record.previous}",
        f"hash\t{record.hash}",
    ]


def test_show_of_nothing_is_not_found(three: Ledger) -> None:
    result = CliRunner().invoke(group, ["show", "--project", "project", "9"])
    assert isinstance(result.exception, NotFound)


def test_verify_tells_the_head(three: Ledger) -> None:
    result = _run("verify")
    assert (result.exit_code, result.stdout) == (0, f"3 records verified, head {three.head()}\n")
    assert _run("verify", "--expect", str(three.head())).exit_code == 0


def test_verify_names_the_first_broken_record_and_exits_1(three: Ledger, tmp_path: Path) -> None:
    noted = str(three.head())
    with Store.open(f"sqlite:///{tmp_path}/ferrata.db") as store, store.write() as connection:
        connection.exec_driver_sql("DROP TRIGGER ledger_no_delete")
        connection.exec_driver_sql("DELETE FROM ledger WHERE seq = 3")
    assert _run("verify").exit_code == 0
    result = _run("verify", "--expect", noted)
    assert result.exit_code == 1
    assert result.stdout == (
        "broken at record 3: it is missing: the ledger ends at 2 and is expected to reach 3; 2 records before it verified\n"
    )
    found = json.loads(_run("verify", "--expect", noted, "--json").stdout)
    assert (found["verified"], found["count"], found["broken"]["seq"]) == (False, 2, 3)


def test_export_writes_a_record_a_line_and_is_recorded_itself(three: Ledger, tmp_path: Path) -> None:
    head = str(three.head())
    path = tmp_path / "ledger.jsonl"
    result = _run("export", "--output", str(path))
    assert (result.stdout, result.stderr) == ("", f"3 records exported, head {head}\n")
    assert [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] == [
        three.get(seq).as_json() for seq in (1, 2, 3)
    ]
    assert {name.name for name in tmp_path.iterdir() if "jsonl" in name.name} == {"ledger.jsonl"}
    noted = three.get(4)
    assert (noted.action, noted.payload) == ("ledger.exported", {"count": 3, "head": head})
    assert len(_run("export").stdout.splitlines()) == 4


def test_an_export_verifies_without_ferrata(three: Ledger) -> None:
    previous = GENESIS
    for line in _run("export").stdout.splitlines():
        fields: dict[str, Any] = json.loads(line)
        digest = fields.pop("hash")
        assert fields["previous"] == previous
        text = json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        previous = hashlib.sha256(text.encode()).hexdigest()
        assert digest == previous


def test_an_export_that_cannot_be_written_is_not_recorded(three: Ledger, tmp_path: Path) -> None:
    path = tmp_path / "missing" / "ledger.jsonl"
    result = CliRunner().invoke(group, ["export", "--project", "project", "--output", str(path)])
    assert isinstance(result.exception, UsageError)
    assert str(result.exception) == f"cannot write '{path}': No such file or directory"
    assert three.head().seq == 3


def test_a_project_without_a_ledger_is_told_so_and_gets_none(tmp_path: Path, ferrata: Callable[..., Any]) -> None:
    for words in (["list"], ["show", "1"], ["verify"], ["export"]):
        ran = ferrata("ledger", *words, "--project", tmp_path)
        assert (ran.status, ran.out) == (2, "")
        assert ran.err.startswith("ferrata: there is no ledger here yet\nhint: ")
    assert list(tmp_path.iterdir()) == []


def test_the_commands_load_no_database_until_one_runs() -> None:
    code = "import sys, ferrata.cli.ledger; sys.exit('sqlalchemy' in sys.modules or 'rich' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
