from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from ferrata.errors import UsageError
from ferrata.scouts import entry_for, patch_of, switched
from ferrata.settings import ModelSettings

if TYPE_CHECKING:
    from pathlib import Path

BLOCK = """# shop
models:
  # the one that answers
  main:
    vendor: openai  # ours
    url: https://eu.example.com/v1
    model: "gpt-4o-2024-08-06"   # pinned
    key: ${env:FERRATA_KEY}
    parameters:
      temperature: 0
      # no more
    retries: 3
  other: openai/gpt-4.1-2025-04-14
# the end
project:   shop
"""


@pytest.mark.parametrize(
    ("text", "wanted", "expected"),
    [
        ("models:\n  main: openai/a  # why\n", {"vendor": "google", "model": "b"}, "models:\n  main: google/b  # why\n"),
        (
            "models:\n  main: {vendor: openai, model: 'a', retries: 1} # why\n",
            {"vendor": "openai", "model": "b", "retries": 1},
            "models:\n  main: {vendor: openai, model: b, retries: 1} # why\n",
        ),
        (
            "models: {main: {vendor: openai, model: a, url: 'https://x.example/v1'}}\n",
            {"vendor": "google", "model": "b"},
            "models: {main: {vendor: google, model: b}}\n",
        ),
        ("models:\r\n  main: openai/a\r\nproject: x", {"vendor": "openai", "model": "b"}, "models:\r\n  main: openai/b\r\nproject: x"),
        ("models:\n  main: &m openai/a\n  too: *m\n", {"vendor": "openai", "model": "b"}, None),
        ("models:\n  base: &b {vendor: openai, model: a}\n  main: *b\n", {"vendor": "openai", "model": "b"}, None),
        ("models:\n  base: &b {vendor: openai}\n  main:\n    <<: *b\n    model: a\n", {"vendor": "openai", "model": "b"}, None),
        ("models:\n  main: &b\n    vendor: openai\n    model: a\n  x:\n    <<: *b\n", {"vendor": "openai", "model": "b"}, None),
        ("models:\n  main: &b\n    vendor: openai\n    model: a\n  x:\n    <<: *b\n    model: c\n", {"vendor": "openai", "model": "b"}, "models:\n  main: &b\n    vendor: openai\n    model: b\n  x:\n    <<: *b\n    model: c\n"),
        ("models: &all\n  main: {<<: {vendor: openai}, model: a}\n", {"vendor": "google", "model": "b"}, "models: &all\n  main: {vendor: google, model: b}\n"),
        ("models:\n  main:\n    model: a\n    vendor: openai", {"vendor": "openai", "model": "1.5"}, "models:\n  main:\n    model: \"1.5\"\n    vendor: openai"),
    ],
)  # fmt: skip
def test_only_the_entry_changes(text: str, wanted: dict[str, Any], expected: str | None) -> None:
    entry = entry_for(text, "main", ModelSettings.model_validate(wanted))
    if expected is None:
        with pytest.raises(UsageError, match="cannot be changed line by line") as caught:
            switched(text, "main", entry)
        assert caught.value.hint == f"change it by hand to {wanted['vendor']}/{wanted['model']}"
        return
    assert switched(text, "main", entry) == expected


def test_comments_and_what_is_kept_stay_where_they_are() -> None:
    wanted = ModelSettings.model_validate({"vendor": "anthropic", "model": "claude-haiku-4-5", "retries": 3})
    entry = entry_for(BLOCK, "main", wanted)
    found = switched(BLOCK, "main", entry)
    assert found == BLOCK.replace("vendor: openai  #", "vendor: anthropic  #").replace(
        '"gpt-4o-2024-08-06"', "claude-haiku-4-5"
    ).replace("    url: https://eu.example.com/v1\n", "").replace("    key: ${env:FERRATA_KEY}\n", "")


def test_a_declared_entry_is_taken_over_as_it_is() -> None:
    text = BLOCK.replace(
        "  other: openai/gpt-4.1-2025-04-14\n",
        '  other:\n    vendor: ollama\n    model: qwen3\n    parameters: {seed: 1, stop: ["a, b"]}\n    timeout: 5\n',
    )
    other = yaml.safe_load(text)["models"]["other"]
    entry = entry_for(text, "main", ModelSettings.model_validate(other), declared="other")
    found = switched(text, "main", entry)
    assert yaml.safe_load(found)["models"]["main"] == other
    assert "# the one that answers" in found
    assert "# pinned" in found


@pytest.mark.parametrize("ending", ["\n", ""])
def test_the_diff_is_one_that_git_applies(tmp_path: Path, ending: str) -> None:
    before = BLOCK.rstrip("\n") + ending
    after = before.replace("gpt-4o-2024-08-06", "gpt-5").replace("project:   shop", "project: x")
    (tmp_path / "ferrata.yaml").write_text(before)
    (tmp_path / "p.patch").write_text(patch_of(before, after))
    subprocess.run(["git", "apply", "p.patch"], cwd=tmp_path, check=True)
    assert (tmp_path / "ferrata.yaml").read_text() == after


@pytest.mark.parametrize("folder", ["", "apps/bot", 'my "app" é'])
@pytest.mark.parametrize("at_root", [True, False])
def test_the_diff_applies_in_the_folder_of_the_project_and_at_the_root(
    tmp_path: Path, folder: str, at_root: bool
) -> None:
    before = BLOCK.replace("\n", "\r\n")
    after = before.replace("gpt-4o-2024-08-06", "gpt-5")
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    project = tmp_path / folder
    project.mkdir(parents=True, exist_ok=True)
    (project / "ferrata.yaml").write_bytes(before.encode())
    (tmp_path / "p.patch").write_bytes(patch_of(before, after, folder=folder).encode())
    for back, expected in (([], after), (["-R"], before)):
        words = ["git", "-c", "core.autocrlf=false", "apply", *back, str(tmp_path / "p.patch")]
        subprocess.run(words, cwd=tmp_path if at_root else project, check=True)
        assert (project / "ferrata.yaml").read_bytes() == expected.encode()
