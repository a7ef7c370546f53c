"""The lock files: every entry has hashes, and they are what pyproject.toml asks for."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[2]
RUN, DEV = ROOT / "requirements/run.lock", ROOT / "requirements/dev.lock"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
ENTRY = re.compile(
    r"^(?P<requirement>[^\s#-][^\\\n]*?)\s*(?P<hashes>(?:\\\n\s+--hash=sha256:[0-9a-f]{64}\s*)*)$", re.MULTILINE
)


def entries(path: Path) -> dict[str, tuple[Version, int]]:
    """Name -> pinned version and number of hashes."""
    found: dict[str, tuple[Version, int]] = {}
    for match in ENTRY.finditer(path.read_text(encoding="utf-8")):
        requirement = Requirement(match["requirement"].strip())
        (specifier,) = requirement.specifier
        assert specifier.operator == "==", requirement
        found[canonicalize_name(requirement.name)] = (Version(specifier.version), match["hashes"].count("--hash"))
    return found


def unmet(asked: list[str], locked: dict[str, tuple[Version, int]]) -> list[str]:
    found: list[str] = []
    for text in asked:
        requirement = Requirement(text)
        entry = locked.get(canonicalize_name(requirement.name))
        if entry is None or entry[0] not in requirement.specifier:
            found.append(text)
    return found


@pytest.mark.parametrize("path", [RUN, DEV], ids=lambda path: path.name)
def test_every_entry_has_hashes(path: Path) -> None:
    found = entries(path)
    assert len(found) > 5
    assert {name for name, (_, hashes) in found.items() if not hashes} == set()


@pytest.mark.parametrize("path", [RUN, DEV], ids=lambda path: path.name)
def test_a_lock_names_no_index(path: Path) -> None:
    assert "://" not in path.read_text(encoding="utf-8")


def test_the_run_lock_has_what_the_project_needs() -> None:
    build = (ROOT / "requirements/build.in").read_text(encoding="utf-8").split()
    asked = [*PROJECT["project"]["dependencies"], *build]
    assert unmet(asked, entries(RUN)) == []


def test_the_dev_lock_has_what_developers_need() -> None:
    extras = [text for texts in PROJECT["project"]["optional-dependencies"].values() for text in texts]
    asked = [*PROJECT["project"]["dependencies"], *PROJECT["dependency-groups"]["dev"], *extras]
    assert unmet(asked, entries(DEV)) == []


def test_both_locks_agree() -> None:
    run, dev = entries(RUN), entries(DEV)
    assert {name for name in run.keys() & dev.keys() if run[name][0] != dev[name][0]} == set()
