"""The short way comes to the same registry as the app."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from ferrata import settings, shortcut
from ferrata.app import App, open_app
from ferrata.assets import draft_record
from ferrata.clock import FrozenClock
from ferrata.errors import FerrataError, NotFound
from ferrata.refs import Ref
from ferrata.shortcut import append_record, open_registry

if TYPE_CHECKING:
    from pathlib import Path

SUPPORT = Ref("prompt", "support")
FIRST, SECOND = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 2, tzinfo=UTC)


@pytest.fixture(autouse=True)
def no_store(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FERRATA_STORE", raising=False)


@pytest.mark.parametrize("text", [None, "project: other-name\n", "{}\n"])
@pytest.mark.parametrize("folder", ["bot", "odd näme"])
def test_both_ways_come_to_the_same_assets(tmp_path: Path, folder: str, text: str | None) -> None:
    project = tmp_path / folder
    project.mkdir()
    if text is not None:
        (project / "ferrata.yaml").write_text(text)
    for n in range(3):  # the first goes through the app, the others straight to the file
        with open_registry(project) as registry:
            assert registry.register(SUPPORT, {"a": str(n).encode()}).version.number == n + 1
    with open_app(project) as app:
        assert [version.number for version in app.registry.versions(SUPPORT)] == [3, 2, 1]
        assert app.ledger.verify().broken is None
        app.registry.move(Ref.parse("prompt/support@production"), to=2)
    with open_registry(project) as registry:
        assert registry.resolve(Ref.parse("prompt/support@production")).number == 2


def test_the_names_are_those_of_the_settings() -> None:
    assert (shortcut.FILE, shortcut.FOLDER) == (settings.FILE_NAME, settings.STATE_FOLDER)


def test_a_named_database_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FERRATA_STORE", f"sqlite:///{tmp_path}/elsewhere.db")
    for _ in range(2):
        with open_registry(tmp_path) as registry:
            registry.register(SUPPORT, {"a": b"1"})
    assert (tmp_path / "elsewhere.db").is_file()
    assert not (tmp_path / ".ferrata").exists()


def test_a_wrong_project_is_said_to_be(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no such folder"), open_registry(tmp_path / "none"):
        pass
    (tmp_path / "ferrata.yaml").write_text("projekt: x\n")
    with pytest.raises(FerrataError, match="projekt"), open_registry(tmp_path):
        pass


def test_a_file_that_was_read_before_is_not_read_again_until_it_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    load = settings.load_settings

    def counted(root: Path) -> settings.Settings:
        read.append((root / "ferrata.yaml").read_text())
        return load(root)

    monkeypatch.setenv("FERRATA_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(settings, "load_settings", counted)
    project = tmp_path / "bot"
    project.mkdir()
    for text in ("project: one\n", "project: two\n", "{}\n"):
        (project / "ferrata.yaml").write_text(text)
        for _ in range(3):  # the first makes the tables, by the app
            with open_registry(project) as registry:
                registry.register(SUPPORT, {"a": b"1"})
        assert set(read) == {text}
        assert len(read) <= 2
        read.clear()
    with open_app(project) as app:
        assert [record.project for record in app.ledger.records()] == ["one", "two", "bot"]
    moved = project.rename(tmp_path / "other")
    with open_registry(moved) as registry:  # without a name of its own, a project is called as its folder
        assert registry.register(SUPPORT, {"a": b"1"}).new


def test_a_file_that_names_a_database_is_read_each_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FERRATA_CACHE", str(tmp_path / "cache"))
    project = tmp_path / "bot"
    project.mkdir()
    (project / "ferrata.yaml").write_text("store: '${env:FERRATA_THERE}'\n")
    for name in ("first", "second"):
        monkeypatch.setenv("FERRATA_THERE", f"sqlite:///{tmp_path}/{name}.db")
        for new in (True, False):
            with open_registry(project) as registry:
                assert registry.register(SUPPORT, {"a": b"1"}).new is new


def test_a_wrong_file_is_wrong_each_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FERRATA_CACHE", str(tmp_path / "cache"))
    project = tmp_path / "bot"
    project.mkdir()
    (project / "ferrata.yaml").write_bytes(b"project: \xff\n")
    for text in (None, "models: 3\n", "projekt: x\n"):
        if text is not None:
            (project / "ferrata.yaml").write_text(text)
        for _ in range(2):
            with pytest.raises(FerrataError, match=r"ferrata\.yaml"), open_registry(project):
                pass


def test_records_of_both_ways_are_one_chain(tmp_path: Path) -> None:
    payload = {"dataset": "rows.jsonl", "rows": 2, "metrics": ["f1"], "evaluators": ["f1_score"], "intervals": False}
    opened: list[bool] = []

    def append(app: App) -> None:
        append_record(app, draft_record("eval.completed", subjects=["run/one"], payload=payload, id=None))
        opened.append("store" in app.__dict__)

    for moment in (FIRST, SECOND):  # the first makes the file, the second finds it up to date
        with open_app(tmp_path, clock=FrozenClock(moment)) as app:
            append(app)
    with open_app(tmp_path, clock=FrozenClock(SECOND)) as app:
        assert app.ledger.verify().broken is None
        append(app)  # by the way that is open
        found = list(app.ledger.records())
    assert opened == [True, False, True]
    assert [one.at for one in found] == [FIRST, SECOND, SECOND]
    assert {(one.subjects, one.actor, one.project) for one in found} == {
        (("run/one",), app.actor, app.settings.project)
    }
    assert [one.payload for one in found] == [payload] * 3
