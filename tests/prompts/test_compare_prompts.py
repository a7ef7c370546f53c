"""What changed between two prompts, as text, as meaning and in messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ferrata.errors import UsageError
from ferrata.prompts import compare_prompts, meaning_of_files, parse_prompt, prompt_files, prompt_meaning, read_prompt

if TYPE_CHECKING:
    from pathlib import Path

OLD = """---
name: support
model: {id: gpt-4o, options: {temperature: 0.2}}
inputs: [{name: q, kind: string, example: Where?}]
---
system:
Be brief.
user:
{{q}}
"""
NEW = OLD.replace("0.2", "0.7").replace("Be brief.", "Be brief and kind.")


def test_text_meaning_and_messages() -> None:
    found = compare_prompts(parse_prompt(OLD), parse_prompt(NEW))
    assert [change.field for change in found.changes] == ["parameters.temperature", "template.1.system"]
    assert found.changes[1][1:] == ("Be brief.", "Be brief and kind.")
    assert "-Be brief.\n+Be brief and kind.\n" in found.text
    assert found.rows == 1
    assert "-Be brief.\n+Be brief and kind." in found.differing[0].diff


def test_spelling_is_no_meaning() -> None:
    other = OLD.replace("{id: gpt-4o, options: {temperature: 0.2}}", "\n  options:\n    temperature: 0.2\n  id: gpt-4o")
    found = compare_prompts(parse_prompt(OLD), parse_prompt(other))
    assert found.text
    assert (found.changes, found.differing) == ((), ())


def test_rows_show_what_differs_and_what_neither_takes() -> None:
    new = OLD.replace("{{q}}", "{{q|trim}}{% if 'late' in q %} It is late.{% endif %}")
    rows = [{"q": "early"}, {"q": "late"}, {"other": 1}]
    found = compare_prompts(parse_prompt(OLD), parse_prompt(new), rows)
    assert (found.rows, [row.row for row in found.differing]) == (3, [1, 2])


def test_a_row_that_only_one_of_them_takes_says_why() -> None:
    new = OLD.replace("{{q}}", "{{q}} {{day}}").replace(
        "example: Where?}", "example: Where?}, {name: day, kind: string}"
    )
    (row,) = compare_prompts(parse_prompt(OLD), parse_prompt(new), [{"q": "a"}]).differing
    assert "+cannot be rendered: prompt.prompty: no value for 'day'" in row.diff


def test_a_row_that_neither_takes_is_told() -> None:
    both = OLD.replace("{{q}}", "{{q}} {{day}}")
    (row,) = compare_prompts(parse_prompt(both), parse_prompt(both.replace("brief", "kind")), [{"q": "a"}]).differing
    assert row.diff == "both: cannot be rendered: prompt.prompty:9: 'day' is undefined"


def test_files_of_a_prompt_and_back(tmp_path: Path) -> None:
    (tmp_path / "prompts").mkdir()
    (tmp_path / "data").mkdir()
    (tmp_path / "data/row.json").write_text('{"q": "Where?"}')
    path = tmp_path / "prompts/a.prompty"
    path.write_text("---\nname: a\nsample: ${file:../data/row.json}\n---\nuser:\n{{q}}\n")
    prompt = read_prompt(path, root=tmp_path)
    files = prompt_files(prompt)
    assert sorted(files) == ["data/row.json", "prompts/a.prompty"]
    meaning = meaning_of_files(files)
    assert meaning == prompt_meaning(prompt)
    assert meaning["sample"] == {"q": "Where?"}


@pytest.mark.parametrize(
    "files", [{}, {"a.prompty": b"", "b.prompty": b""}, {"../a.prompty": b"x"}, {"/a.prompty": b"x"}]
)
def test_files_that_are_no_prompt(files: dict[str, bytes]) -> None:
    with pytest.raises(UsageError):
        meaning_of_files(files)
