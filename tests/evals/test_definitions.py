"""Evaluations that a project declares."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ferrata.errors import InvalidDocument, NotFound
from ferrata.evals import definition_of, definitions_of
from ferrata.settings import load_settings

if TYPE_CHECKING:
    from pathlib import Path

ENTRY = "evals:\n  golden:\n    data: rows.jsonl\n    evaluators: [f1_score]\n"


def test_entries_stand_in_the_projects_file_and_in_files_of_their_own(tmp_path: Path) -> None:
    (tmp_path / "ferrata.yaml").write_text(ENTRY)
    (tmp_path / "evals").mkdir()
    (tmp_path / "evals" / "other.yaml").write_text(ENTRY.replace("golden", "other"))
    settings = load_settings(tmp_path)
    assert list(definitions_of(settings)) == ["golden", "other"]
    assert definition_of(settings, "other").evaluators[0].use == "f1_score"
    with pytest.raises(NotFound) as raised:
        definition_of(settings, "third")
    assert raised.value.hint == "there is golden, other"


@pytest.mark.parametrize(
    ("text", "line", "key"),
    [
        (ENTRY.replace("f1_score", "{used: f1_score}"), 4, "evals.other.evaluators.0.use"),
        (ENTRY.replace("data:", "dta:"), 2, "evals.other.data"),
        (ENTRY.replace("    data", "    repeats: 0\n    data"), 3, "evals.other.repeats"),
    ],
)
def test_mistakes_have_file_line_and_key(text: str, line: int, key: str, tmp_path: Path) -> None:
    (tmp_path / "evals").mkdir()
    (tmp_path / "evals" / "other.yaml").write_text(text.replace("golden", "other"))
    with pytest.raises(InvalidDocument) as raised:
        definitions_of(load_settings(tmp_path))
    places = [(mistake.line, mistake.key) for mistake in raised.value.mistakes]
    assert (line, key) in places


def test_a_name_is_declared_once(tmp_path: Path) -> None:
    (tmp_path / "ferrata.yaml").write_text(ENTRY)
    (tmp_path / "evals").mkdir()
    (tmp_path / "evals" / "again.yaml").write_text(ENTRY)
    with pytest.raises(InvalidDocument, match="declared elsewhere already"):
        definitions_of(load_settings(tmp_path))
