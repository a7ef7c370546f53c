"""`ferrata asset` and `ferrata rollback`, as the shell runs them."""

from __future__ import annotations

import json
import sqlite3
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Ran


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "bot"
    path.mkdir()
    monkeypatch.chdir(path)
    (path / "support.prompty").write_text("Answer.\n")
    return path


@pytest.fixture
def three(folder: Path, ferrata: Callable[..., Ran]) -> Path:
    for n in (1, 2, 3):
        (folder / "support.prompty").write_text(f"Answer in {n} lines.\n")
        assert ferrata("asset", "register", "prompt/support", "support.prompty", "-m", f"Try {n}").status == 0
    return folder


def test_a_version_is_registered_once(folder: Path, ferrata: Callable[..., Ran]) -> None:
    words = ("asset", "register", "prompt/support", "support.prompty", "--label", "team=care")
    assert ferrata(*words) == (0, "prompt/support@1 registered, 1 file, 2adac74e367f\n", "")
    assert ferrata(*words) == (0, "prompt/support@1 has this content already\n", "")
    found = json.loads(ferrata(*words, "--json").out)
    assert (found["ref"], found["new"], found["labels"], found["author"]) == (
        "prompt/support@1",
        False,
        {"team": "care"},
        "ann",
    )


def test_an_alias_moves_and_rolls_back(three: Path, ferrata: Callable[..., Ran]) -> None:
    alias = ("asset", "alias", "prompt/support", "production", "--to")
    assert ferrata(*alias, 1).out == "prompt/support@production points to version 1 (new)\n"
    assert ferrata(*alias, 3, "--why", "better").out == "prompt/support@production points to version 3 (it was at 1)\n"
    assert ferrata("rollback", "prompt/support@production", "--why", "worse").out == (
        "prompt/support@production points to version 1 (it was at 3)\n"
    )
    lines = [line.split() for line in ferrata("asset", "history", "prompt/support@production").out.splitlines()]
    assert [line[3:] for line in lines] == [
        ["3", "->", "1", "rollback", "ann", "worse"],
        ["1", "->", "3", "move", "ann", "better"],
        ["new", "->", "1", "move", "ann"],
    ]
    moves = json.loads(ferrata("asset", "history", "prompt/support", "--json").out)
    assert [(move["from"], move["to"], move["back"]) for move in moves] == [
        (3, 1, True),
        (1, 3, False),
        (None, 1, False),
    ]
    assert ferrata("rollback", "prompt/support@production", "--to", 3).status == 0
    assert json.loads(ferrata("asset", "list", "--json").out)[0]["aliases"] == {"production": 3}


def test_versions_and_assets_are_listed_and_shown(three: Path, ferrata: Callable[..., Ran]) -> None:
    assert [line.split()[0] for line in ferrata("asset", "versions", "prompt/support").out.splitlines()] == [
        f"prompt/support@{n}" for n in (3, 2, 1)
    ]
    assert ferrata("asset", "list", "--kind", "model").out == ""
    assert ferrata("asset", "list").out.startswith("prompt/support@3")
    shown = ferrata("asset", "show", "prompt/support@2").out
    assert "message     Try 2\n" in shown
    assert ferrata("asset", "show", "prompt/support@2", "--file", "support.prompty").out == "Answer in 2 lines.\n"
    missing = ferrata("asset", "show", "prompt/support@2", "--file", "x")
    assert (missing.status, missing.err) == (
        2,
        "ferrata: prompt/support@2 has no file 'x'\nhint: it has support.prompty\n",
    )


def test_the_difference_is_shown(three: Path, ferrata: Callable[..., Ran]) -> None:
    assert ferrata("asset", "diff", "prompt/support@1", "prompt/support").out == (
        'template.1.text: "Answer in 1 lines." -> "Answer in 3 lines."\n1 row rendered, 1 with other messages or none\nrow 0:\n'
        "--- before\n+++ after\n@@ -1,2 +1,2 @@\n system:\n-Answer in 1 lines.\n+Answer in 3 lines.\n"
        "--- prompt/support@1/support.prompty\n+++ prompt/support@3/support.prompty\n@@ -1 +1 @@\n"
        "-Answer in 1 lines.\n+Answer in 3 lines.\n"
    )
    assert ferrata("asset", "diff", "prompt/support@1", "prompt/support@1").out == (
        "prompt/support@1 and prompt/support@1 have the same content\n"
    )
    (three / "model.json").write_text('{"tokens": 1}')
    ferrata("asset", "register", "model/gpt", "model.json")
    (three / "model.json").write_text('{"tokens": 2}')
    ferrata("asset", "register", "model/gpt", "model.json")
    found = json.loads(ferrata("asset", "diff", "model/gpt@1", "model/gpt@2", "--json").out)
    assert found["changes"] == [{"field": "model.json: tokens", "before": 1, "after": 2}]


def test_lineage_is_shown_both_ways(three: Path, ferrata: Callable[..., Ran]) -> None:
    (three / "flow").mkdir()
    (three / "flow/flow.json").write_text("{}")
    done = ferrata("asset", "register", "flow/answer", "flow", "--parent", "prompt=prompt/support@2")
    assert done.status == 0
    assert ferrata("asset", "lineage", "flow/answer").out == "flow/answer@1\n  from prompt/support@2 (prompt)\n"
    assert ferrata("asset", "lineage", "prompt/support@2").out == (
        "prompt/support@2\n  to   flow/answer@1 (as its prompt)\n"
    )
    found = json.loads(ferrata("asset", "lineage", "flow/answer@1", "--json").out)
    assert found == {"ref": "flow/answer@1", "from": [{"role": "prompt", "ref": "prompt/support@2"}], "to": []}


def test_a_folder_is_registered_file_by_file(folder: Path, ferrata: Callable[..., Ran]) -> None:
    for name in ("a.prompty", "deep/b c.prompty", ".hidden/x.prompty", "notes.md"):
        path = folder / "prompts" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    words = ("asset", "register-all", "prompt", "prompts", "--match", "*.prompty")
    assert ferrata(*words).out == "prompt/a@1\nprompt/deep/b-c@1\n2 versions registered, 0 unchanged\n"
    assert ferrata(*words).out == "0 versions registered, 2 unchanged\n"
    (folder / "prompts/a.txt").write_text("x")
    twice = ferrata("asset", "register-all", "prompt", "prompts", "--match", "a.*")
    assert (twice.status, "two files would be prompt/a" in twice.err) == (2, True)


def test_garbage_is_named_then_removed(three: Path, ferrata: Callable[..., Ran]) -> None:
    assert ferrata("asset", "gc").out == "0 versions and 0 bodies of 0 bytes removed\n"
    ferrata("asset", "alias", "prompt/support", "production", "--to", 1)
    words = ("asset", "gc", "--older-than", "0m")
    said = "1 version and 1 body of 19 bytes would be removed\n"
    assert ferrata(*words, "--dry-run").out == said
    assert ferrata(*words, "--dry-run", "--list").out == f"prompt/support@2\n{said}"
    assert json.loads(ferrata(*words, "--dry-run", "--json").out) == {
        "versions": 1,
        "bodies": 1,
        "bytes": 19,
        "dry_run": True,
    }
    assert json.loads(ferrata(*words, "--list", "--json").out) == {
        "names": ["prompt/support@2"],
        "versions": 1,
        "bodies": 1,
        "bytes": 19,
        "dry_run": False,
    }
    gone = ferrata("asset", "show", "prompt/support@2")
    assert (gone.status, "removed as garbage" in gone.err) == (2, True)
    assert ferrata("asset", "gc", "--older-than", "soon").status == 2


def test_an_earlier_version_is_restored(three: Path, ferrata: Callable[..., Ran]) -> None:
    assert ferrata("asset", "restore", "prompt/support@1").out.startswith("prompt/support@4 registered")
    assert ferrata("asset", "show", "prompt/support", "--file", "support.prompty").out == "Answer in 1 lines.\n"
    assert "restored: prompt/support@1" in ferrata("asset", "show", "prompt/support").out
    again = ferrata("asset", "restore", "prompt/support@4")
    assert (again.status, again.err) == (2, "ferrata: prompt/support@4 has the content of prompt/support@4 already\n")
    assert "asset.restored" in ferrata("ledger", "list").out


def test_who_was_not_first_is_told(three: Path, ferrata: Callable[..., Ran]) -> None:
    (three / "support.prompty").write_text("Other.\n")
    refused = ferrata("asset", "register", "prompt/support", "support.prompty", "--expect", 2)
    assert refused.status == 1
    assert refused.err.startswith("ferrata: prompt/support is at version 3, not version 2: ann wrote it at 20")


def test_what_is_expected_is_checked_also_where_nothing_changed(three: Path, ferrata: Callable[..., Ran]) -> None:
    words = ("asset", "register", "prompt/support", "support.prompty", "--expect")
    assert ferrata(*words, 3).out == "prompt/support@3 has this content already\n"
    for number in (0, 2):
        refused = ferrata(*words, number)
        assert refused.status == 1
        assert refused.err.startswith("ferrata: prompt/support is at version 3, not ")


def test_labels_and_parents_that_are_not_added_are_said(three: Path, ferrata: Callable[..., Ran]) -> None:
    words = ("asset", "register", "prompt/support", "support.prompty")
    ran = ferrata(*words, "--label", "team=new", "--parent", "from=prompt/support@1")
    kept = "the labels and parents were not added to it, as a version stays as it is"
    assert (ran.status, ran.out) == (0, f"prompt/support@3 has this content already; {kept}\n")
    assert "new" not in ferrata("asset", "show", "prompt/support").out
    said = json.loads(ferrata(*words, "--label", "team=new", "--json").out)
    assert (said["ref"], said["new"], said["not_added"]) == ("prompt/support@3", False, ["labels"])
    assert json.loads(ferrata(*words, "--json").out)["not_added"] == []


def test_an_alias_is_removed(three: Path, ferrata: Callable[..., Ran]) -> None:
    words = ("asset", "alias", "prompt/support", "production")
    ferrata(*words, "--to", 2)
    for wrong in ((), ("--to", 1, "--remove")):
        refused = ferrata(*words, *wrong)
        assert refused.status == 2
        assert "hint: give one of --to NUMBER and --remove" in refused.err
    assert ferrata(*words, "--remove", "--expect", 1).status == 1
    assert ferrata(*words, "--remove", "--why", "switched off").out == (
        "prompt/support@production is removed (it was at 2)\n"
    )
    history = ferrata("asset", "history", "prompt/support@production").out.splitlines()
    assert history[0].split()[2:] == [
        "prompt/support@production",
        "2",
        "->",
        "none",
        "removal",
        "ann",
        "switched",
        "off",
    ]
    again = ferrata(*words, "--remove", "--json")
    assert (again.status, again.out) == (2, "")
    assert "switched off" in again.err
    ferrata(*words, "--to", 1)
    assert json.loads(ferrata(*words, "--remove", "--json").out)["to"] is None


def test_a_registry_that_cannot_be_kept_names_no_option_that_it_lacks(
    folder: Path, ferrata: Callable[..., Ran]
) -> None:
    (folder / "elsewhere").mkdir()
    (folder / ".ferrata").symlink_to(folder / "elsewhere")
    ran = ferrata("asset", "register", "prompt/support", "support.prompty")
    assert ran.status == 3
    assert "hint: " in ran.err
    assert "FERRATA_STORE" in ran.err
    assert "--no-save" not in ran.err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("asset", "register", "support", "support.prompty"), "not a reference: 'support'"),
        (("asset", "register", "prompt/x", "none.txt"), "no such file: 'none.txt'"),
        (("asset", "register", "prompt/x", "support.prompty", "--parent", "prompt/y"), "is not NAME=VALUE"),
        (("asset", "register", "prompt/x", "support.prompty", "--parent", "p=prompt/y@1"), "no asset prompt/y"),
        (("asset", "show", "prompt/none"), "no asset prompt/none"),
        (("rollback", "prompt/support"), "names no alias"),
        (("asset", "register-all", "prompt", "none"), "not a folder"),
        (("asset", "list", "--kind", "\udcff"), r"no kind of an asset: '\udcff'"),
        (("asset", "list", "--kind", "a/b"), "no kind of an asset: 'a/b'"),
    ],
)
def test_what_cannot_be_done_is_said(
    folder: Path, ferrata: Callable[..., Ran], words: tuple[str, ...], message: str
) -> None:
    ran = ferrata(*words)
    assert ran.status == 2
    assert message in ran.err
    assert "Traceback" not in ran.err


def test_a_link_that_leads_out_of_the_folder_is_refused(folder: Path, ferrata: Callable[..., Ran]) -> None:
    (folder / "secret.txt").write_text("secret")
    (folder / "flow").mkdir()
    (folder / "flow/link").symlink_to(folder / "secret.txt")
    ran = ferrata("asset", "register", "flow/x", "flow")
    assert (ran.status, "leads out of 'flow'" in ran.err) == (2, True)


def test_names_of_a_foreign_database_cannot_drive_the_terminal(three: Path, ferrata: Callable[..., Ran]) -> None:
    with sqlite3.connect(three / ".ferrata/ferrata.db") as connection:
        connection.execute("UPDATE version SET message = 'a' || char(27) || '[2J'")
    connection.close()
    for words in (("list",), ("versions", "prompt/support"), ("show", "prompt/support")):
        assert "\x1b" not in ferrata("asset", *words).out


def test_state_that_came_with_the_repository_is_not_used(
    three: Path, tmp_path: Path, ferrata: Callable[..., Ran]
) -> None:
    moved = tmp_path / "elsewhere"
    (three / ".ferrata").rename(moved)
    (three / ".ferrata").symlink_to(moved)
    ran = ferrata("asset", "list")
    assert (ran.status, "is a symbolic link" in ran.err) == (3, True)


def test_prompts_are_named_by_their_files_and_take_along_what_they_include(
    folder: Path, ferrata: Callable[..., Ran]
) -> None:
    (folder / "ferrata.yaml").write_text("project: bot\n")
    (folder / "prompts").mkdir()
    (folder / "parts").mkdir()
    (folder / "parts/tone.txt").write_text("kind")
    text = "---\nname: a\nsample: {tone: '${file:../parts/tone.txt}'}\n---\nsystem:\nBe {{tone}}.\n"
    (folder / "prompts/a.prompty").write_text(text)
    (folder / "prompts/b.prompty").write_text("system:\nBe brief.\n")
    (folder / "prompts/notes.txt").write_text("x")
    done = ferrata("asset", "register-all", "prompts")
    assert done == (0, "prompt/a@1\nprompt/b@1\n2 versions registered, 0 unchanged\n", "")
    assert ferrata("asset", "register", "prompts/a.prompty").out == "prompt/a@1 has this content already\n"
    assert ferrata("asset", "register", "prompt/a", "prompts/a.prompty").out == "prompt/a@1 has this content already\n"
    found = json.loads(ferrata("asset", "show", "prompt/a", "--json").out)
    assert sorted(found["files"]) == ["parts/tone.txt", "prompts/a.prompty"]
    # A part that changes makes a new version of the prompt.
    (folder / "parts/tone.txt").write_text("dry")
    assert ferrata("asset", "register", "prompts/a.prompty").out.startswith("prompt/a@2 registered, 2 files, ")
    (folder / "parts/tone.txt").unlink()
    wrong = ferrata("asset", "register", "prompts/a.prompty")
    assert (wrong.status, "prompts/a.prompty:3: sample.tone: there is no file" in wrong.err) == (2, True)
    nameless = ferrata("asset", "register", "prompts")
    assert (nameless.status, "ferrata asset register-all" in nameless.err) == (2, True)


def test_versions_that_are_no_prompts_are_compared_as_text(folder: Path, ferrata: Callable[..., Ran]) -> None:
    for n in (1, 2):
        (folder / "a.txt").write_text(f"{n}\n")
        assert ferrata("asset", "register", "prompt/a", "a.txt").status == 0
    ran = ferrata("asset", "diff", "prompt/a@1", "prompt/a@2")
    assert (ran.status, ran.out.endswith("-1\n+2\n")) == (0, True)
    assert ran.err.startswith("not compared as prompts: prompt/a@1: a prompt is one .prompty file")
    refused = ferrata("asset", "diff", "prompt/a@1", "prompt/a@2", "--rows", "rows.jsonl")
    assert (refused.status, refused.err.endswith("only prompts are rendered with rows\n")) == (2, True)


def test_links_out_and_what_is_no_file_are_refused(folder: Path, ferrata: Callable[..., Ran]) -> None:
    (folder.parent / "secret.txt").write_text("s")
    (folder / "data").mkdir()
    (folder / "data/a").write_text("a")
    (folder / "data/link").symlink_to(folder.parent / "secret.txt")
    for words in (("register-all", "data", "data"), ("register", "data/x", "data")):
        assert "'data/link' leads out of 'data'" in ferrata("asset", *words).err
    (folder / "data/link").unlink()
    (folder / "data/gone").symlink_to("nowhere")
    assert "'data/gone' is no file" in ferrata("asset", "register", "data/x", "data").err
    assert "an empty path" in ferrata("asset", "register", "data/x", "").err
    assert ferrata("asset", "list", "--json").out.strip() in ("", "[]")


def test_parents_of_one_role_are_all_kept_and_a_label_has_one_value(three: Path, ferrata: Callable[..., Ran]) -> None:
    parents = ("--parent", "in=prompt/support@1", "--parent", "in=prompt/support@2")
    (three / "out.txt").write_text("o")
    assert ferrata("asset", "register", "data/out", "out.txt", *parents).status == 0
    shown = json.loads(ferrata("asset", "lineage", "data/out", "--json").out)
    assert [parent["ref"] for parent in shown["from"]] == ["prompt/support@1", "prompt/support@2"]
    assert ferrata("asset", "register", "data/o2", "out.txt", "--label", "a=1", "--label", "a=2").status == 2


def test_what_a_label_names_is_no_garbage(three: Path, ferrata: Callable[..., Ran]) -> None:
    (three / "release.json").write_text("{}")
    ferrata("asset", "register", "release/r", "release.json", "--label", "base=prompt/support@1")
    gone = ferrata("asset", "gc", "--older-than", "0m", "--list").out
    assert "prompt/support@2" in gone
    assert "prompt/support@1" not in gone
