"""Beginning the folder of a run, and reading one of a newer version."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from ferrata.errors import Conflict, StoreUnavailable
from ferrata.runs import RunFolder

if TYPE_CHECKING:
    from pathlib import Path


def test_what_could_not_begin_leaves_its_name_free(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: RunFolder, **_: object) -> None:
        raise StoreUnavailable(f"no space for {self.name}")

    with monkeypatch.context() as patch:
        patch.setattr(RunFolder, "save", full)
        with pytest.raises(StoreUnavailable):
            RunFolder.create(tmp_path, "r", {})
    assert list(tmp_path.iterdir()) == []
    RunFolder.create(tmp_path, "r", {}).close()


@pytest.mark.parametrize("left", [[], ["lock"], ["lock", "run.json.7.part"], ["lock", "lines.jsonl"]])
def test_a_run_that_was_killed_before_its_first_word_is_begun_anew(tmp_path: Path, left: list[str]) -> None:
    (tmp_path / "r").mkdir()
    for name in left:
        (tmp_path / "r" / name).write_text("{" if name.endswith(".part") else "")
    with RunFolder.create(tmp_path, "r", {"tags": {}}) as folder:
        assert folder.document["name"] == "r"
        with pytest.raises(Conflict, match="there is a run 'r' already"):
            RunFolder.create(tmp_path, "r", {})


def test_a_folder_with_anything_else_in_it_is_nobodys_to_take(tmp_path: Path) -> None:
    (tmp_path / "r").mkdir()
    (tmp_path / "r" / "lines.jsonl").write_text('{"line_number": 0, "status": "Completed"}\n')
    with pytest.raises(Conflict) as error:
        RunFolder.create(tmp_path, "r", {})
    assert "remove" in error.value.hint
    assert (tmp_path / "r" / "lines.jsonl").stat().st_size > 0


def test_a_run_of_a_newer_version_is_said_to_be_one(tmp_path: Path) -> None:
    RunFolder.create(tmp_path, "r", {}).close()
    (tmp_path / "r" / "run.json").write_text(json.dumps({"format": 9, "name": "r"}))
    with pytest.raises(StoreUnavailable, match="of a newer Ferrata: its format is 9, and this one knows 1"):
        RunFolder.read(tmp_path, "r")
