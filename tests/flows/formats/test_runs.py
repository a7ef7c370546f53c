from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ferrata.errors import InvalidDocument, NotFound, UsageError
from ferrata.flows import Notice, read_run_file

if TYPE_CHECKING:
    from pathlib import Path


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "run.yaml"
    path.write_text(text)
    return path


def test_a_run_file_is_read_with_paths_relative_to_it(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("# comment\nexport A=1\nB='two words'\nC = x # note\n\nnothing\n")
    (tmp_path / "init.json").write_text('{"k": 3}')
    path = write(
        tmp_path,
        """\
$schema: https://example.com/Run.schema.json
name: nightly
display_name: Nightly
description: all of it
tags: {owner: me, build: 7}
properties: {p: q}
flow: ../flow
data: data.jsonl
run: earlier
variant: ${summarize.variant_0}
column_mapping:
  url: ${data.url}
  n: 5
connections:
  classify: {connection: mine, deployment_name: gpt}
environment_variables: .env
init: init.json
runtime: cloud
resources: {instance_type: big}
""",
    )
    found = read_run_file(path)
    assert found.flow == tmp_path / "../flow"
    assert found.data == tmp_path / "data.jsonl"
    assert (found.name, found.display_name, found.run, found.variant) == (
        "nightly",
        "Nightly",
        "earlier",
        "${summarize.variant_0}",
    )
    assert found.tags == {"owner": "me", "build": "7"}
    assert found.column_mapping == {"url": "${data.url}", "n": 5}
    assert found.connections == {"classify": {"connection": "mine", "deployment_name": "gpt"}}
    assert found.environment == {"A": "1", "B": "two words", "C": "x"}
    assert found.init == {"k": 3}
    assert found.notices == ()


def test_keys_are_set_before_the_file_is_checked(tmp_path: Path) -> None:
    path = write(tmp_path, "flow: .\ntags: {a: b}\n")
    found = read_run_file(path, changes=["display_name=x=y", "tags.Type=Test", "column_mapping.q=${data.q}"])
    assert found.display_name == "x=y"
    assert found.tags == {"a": "b", "Type": "Test"}
    assert found.column_mapping == {"q": "${data.q}"}
    for change in ("display_name", "=x", "flow.x=1"):
        with pytest.raises(UsageError):
            read_run_file(path, changes=[change])


def test_an_unknown_key_is_a_notice(tmp_path: Path) -> None:
    path = write(tmp_path, "flow: .\ncolum_mapping: {}\nzzz: 1\n")
    assert read_run_file(path).notices == (
        Notice(str(path), 2, "colum_mapping", "unknown key 'colum_mapping'; did you mean 'column_mapping'?"),
        Notice(str(path), 3, "zzz", "unknown key 'zzz'; it is passed over"),
    )


def test_all_mistakes_are_listed_with_their_lines(tmp_path: Path) -> None:
    text = "name: [1]\ndata: {a: b}\ntags: x\ncolumn_mapping: 1\nconnections: {n: 1}\nenvironment_variables: gone.env\n"
    path = write(tmp_path, text)
    with pytest.raises(InvalidDocument) as caught:
        read_run_file(path)
    assert [(m.line, m.key, m.problem) for m in caught.value.mistakes] == [
        (1, "flow", "missing: the flow's folder or file"),
        (1, "name", "must be text"),
        (2, "data", "must be the path of one file or folder"),
        (3, "tags", "must be a mapping"),
        (4, "column_mapping", "must be a mapping"),
        (5, "connections.n", "must be a mapping with `connection` or `deployment_name`"),
        (6, "environment_variables", f"no such file: {str(tmp_path / 'gone.env')!r}"),
    ]


@pytest.mark.parametrize("key", ["flow: azureml:my-flow", "flow: .\ndata: https://example.com/data.jsonl"])
def test_what_is_not_on_this_machine_is_refused(tmp_path: Path, key: str) -> None:
    with pytest.raises(InvalidDocument, match="is not on this machine"):
        read_run_file(write(tmp_path, key))


def test_a_file_that_is_none_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        read_run_file(tmp_path / "run.yaml")
    with pytest.raises(InvalidDocument, match="must be a mapping"):
        read_run_file(write(tmp_path, "- a\n"))
    (tmp_path / "init.yaml").write_text("- 1\n")
    with pytest.raises(InvalidDocument, match="must be a mapping of arguments"):
        read_run_file(write(tmp_path, "flow: .\ninit: init.yaml\n"))
