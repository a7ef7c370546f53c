"""`ferrata pack`, as the shell runs it."""

from __future__ import annotations

import errno
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ferrata.assets import Packs

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Ran


@pytest.fixture
def teams(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ferrata: Callable[..., Ran]) -> tuple[Path, Path]:
    """Two projects: one with a prompt, one with nothing; and a key."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    one, two = tmp_path / "one", tmp_path / "two"
    for folder in (one, two):
        folder.mkdir()
    (one / "a.prompty").write_text("Answer.")
    assert ferrata("asset", "register", "prompt/support", one / "a.prompty", "--project", one).status == 0
    return one, two


def test_a_pack_goes_from_team_to_team(teams: tuple[Path, Path], tmp_path: Path, ferrata: Callable[..., Ran]) -> None:
    one, two = teams
    file = tmp_path / "support.pack"
    key = ferrata("pack", "key", "--new", "--project", one).out.strip()
    made = ferrata("pack", "export", "prompt/support", "--output", file, "--project", one, "-m", "Answers")
    assert made.out.startswith(f"{file} written: 1 version, 1 record, ")
    assert "pack.exported" in ferrata("ledger", "list", "--project", one).out
    assert ferrata("pack", "show", file).out.startswith("pack/support, made by ann in one at ")
    assert json.loads(ferrata("pack", "show", file, "--json").out)["assets"][0]["ref"] == "prompt/support@1"

    assert ferrata("pack", "verify", file, "--project", two).status == 1
    assert ferrata("pack", "verify", file, "--project", two, "--trust", key).status == 0
    refused = ferrata("pack", "import", file, "--project", two)
    assert (refused.status, f"--trust {key}" in refused.err) == (2, True)
    assert ferrata("asset", "list", "--project", two).out == ""

    (two / "ferrata.yaml").write_text(f"packs:\n  trusted: ['{key}']\n")
    assert ferrata("pack", "import", file, "--project", two).out == "prompt/support@1 is prompt/support@1 here, new\n"
    again = json.loads(ferrata("pack", "import", file, "--project", two, "--json").out)
    assert again == {
        "pack": "pack/support@1",
        "versions": {"prompt/support@1": {"version": "prompt/support@1", "new": False}},
    }
    assert "origin=one: prompt/support@1" in ferrata("asset", "show", "prompt/support", "--project", two).out


def test_without_a_key_nothing_is_exported(
    teams: tuple[Path, Path], tmp_path: Path, ferrata: Callable[..., Ran]
) -> None:
    ran = ferrata("pack", "export", "prompt/support", "--output", tmp_path / "x.pack", "--project", teams[0])
    assert (ran.status, "ferrata pack key --new" in ran.err) == (2, True)
    assert not (tmp_path / "x.pack").exists()


def test_an_output_that_cannot_be_written_leaves_no_record(
    teams: tuple[Path, Path], tmp_path: Path, ferrata: Callable[..., Ran]
) -> None:
    ferrata("pack", "key", "--new")
    ran = ferrata("pack", "export", "prompt/support", "--output", tmp_path / "none/x.pack", "--project", teams[0])
    assert (ran.status, "cannot write" in ran.err) == (2, True)
    assert "pack.exported" not in ferrata("ledger", "list", "--project", teams[0]).out


@pytest.mark.parametrize("key", ["ed25519:abc", "ed25519-secret:" + "0" * 64, "rsa:1"])
def test_what_is_no_public_key_is_refused(
    teams: tuple[Path, Path], tmp_path: Path, ferrata: Callable[..., Ran], key: str
) -> None:
    ferrata("pack", "key", "--new")
    file = tmp_path / "x.pack"
    ferrata("pack", "export", "prompt/support", "--output", file, "--project", teams[0])
    ran = ferrata("pack", "import", file, "--project", teams[1], "--trust", key)
    assert (ran.status, "not a public key" in ran.err) == (2, True)
    assert "0" * 64 not in ran.err


def test_a_file_that_is_there_is_written_over_only_when_asked(
    teams: tuple[Path, Path], ferrata: Callable[..., Ran], tmp_path: Path
) -> None:
    file = tmp_path / "kept.pack"
    file.write_text("mine")
    words = ("pack", "export", "prompt/support", "--output", file, "--project", teams[0])
    ferrata("pack", "key", "--new")
    ran = ferrata(*words)
    assert (ran.status, file.read_text()) == (2, "mine")
    assert (
        ran.err == f"ferrata: {str(file)!r} is there already\nhint: name another file, or write over it with --force\n"
    )
    assert ferrata(*words, "--force").status == 0
    assert ferrata("pack", "show", file).status == 0


def test_a_file_that_appears_meanwhile_is_not_written_over(
    teams: tuple[Path, Path], ferrata: Callable[..., Ran], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "late.pack"
    words = ("pack", "export", "prompt/support", "--output", file, "--project", teams[0])
    ferrata("pack", "key", "--new")
    make = Packs.make

    def slow(*given: Any, **named: Any) -> Any:
        made = make(*given, **named)
        file.write_text("mine")  # another process was quicker
        return made

    monkeypatch.setattr(Packs, "make", slow)
    for _ in range(2):
        ran = ferrata(*words)
        assert (ran.status, file.read_text()) == (2, "mine")
        assert "is there already" in ran.err
        # As on a file system without links.
        monkeypatch.setattr(Path, "hardlink_to", no_links)
    assert list(tmp_path.glob("*.part")) == []
    monkeypatch.setattr(Packs, "make", make)
    file.unlink()
    assert ferrata(*words).status == 0
    assert ferrata("pack", "show", file).status == 0


def no_links(*_: Any) -> None:
    raise OSError(errno.EPERM, "no links here")
