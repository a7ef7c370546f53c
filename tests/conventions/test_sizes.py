"""Files and functions stay short, and names say something."""

from __future__ import annotations

import ast
import re
import subprocess
from collections import Counter
from pathlib import Path

import pytest

import ferrata

SOURCE = Path(ferrata.__file__).parent
ROOT = Path(__file__).parents[2]
MODULES = sorted(SOURCE.rglob("*.py"))
LONGEST = 600
LONG = 400
# Files over LONG lines. An entry may only shrink: lower the number when the file gets shorter, and split it before it grows.
LONG_FILES: dict[str, int] = {}
LONGEST_FUNCTION = 60
# The API of another, whose modules have that other's names: `promptflow.core`, `promptflow.tools.common`.
NAMED_BY_OTHERS = "flows/promptflow/"
EMPTY_NAMES = {"utils", "util", "helpers", "helper", "common", "core", "misc", "manager", "managers", "base_utils"}
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|NotImplementedError)\b")
# Machines and mirrors that a checkout must not know of.
OF_A_MACHINE = re.compile(
    r"(?<![\w.])/(?:root|work|opt/venv|Users/\w+|home/\w+)/"
    r"|files\.pythonhosted\.org|pypi\.org/simple|registry\.npmjs\.org|registry\.yarnpkg\.com|proxy\.golang\.org"
)
# The scanner tells registries and folders of other people's machines apart, so these may speak of them.
MAY_SPEAK = ("src/ferrata/maturity/data/", "tests/maturity/", "tests/conventions/test_sizes.py")


def named(path: Path) -> str:
    return path.relative_to(SOURCE).as_posix()


def lines_of(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


@pytest.mark.parametrize("path", MODULES, ids=named)
def test_files_are_short(path: Path) -> None:
    length = lines_of(path)
    assert length < LONGEST
    assert length <= LONG_FILES.get(named(path), LONG)


def test_the_list_of_long_files_holds_only_long_files() -> None:
    lengths = {name: lines_of(SOURCE / name) for name in LONG_FILES}
    assert {name: length for name, length in lengths.items() if length <= LONG} == {}


@pytest.mark.parametrize("path", MODULES, ids=named)
def test_functions_are_short(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    lengths = {f"{node.name} at line {node.lineno}": (node.end_lineno or 0) - node.lineno + 1 for node in functions}
    assert {name: length for name, length in lengths.items() if length >= LONGEST_FUNCTION} == {}


def test_no_module_has_a_name_that_says_nothing() -> None:
    own = [path.relative_to(SOURCE) for path in MODULES if not named(path).startswith(NAMED_BY_OTHERS)]
    parts = {part for path in own for part in path.with_suffix("").parts}
    assert parts & EMPTY_NAMES == set()


def tracked_texts() -> list[Path]:
    """The files of the checkout that hold text."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    names = listed.stdout.split("\0") if listed.returncode == 0 else []
    paths = [ROOT / name for name in names if name] or [path for path in ROOT.rglob("*") if path.is_file()]
    return [path for path in paths if path.is_file() and b"\0" not in path.read_bytes()[:4096]]


def test_nothing_is_left_unfinished() -> None:
    found = {
        f"{named(path)}:{number}"
        for path in MODULES
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if UNFINISHED.search(line)
    }
    assert found == set()


def test_nothing_knows_of_one_machine_or_mirror() -> None:
    found = {
        f"{path.relative_to(ROOT).as_posix()}:{number}: {line.strip()[:80]}"
        for path in tracked_texts()
        if not path.relative_to(ROOT).as_posix().startswith(MAY_SPEAK)
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1)
        if OF_A_MACHINE.search(line)
    }
    assert found == set()


def test_no_two_test_files_have_one_name() -> None:
    """pytest takes test files for modules of one name space: of two that share a name, it reads one."""
    names = Counter(path.name for path in (ROOT / "tests").rglob("test_*.py"))
    assert [name for name, times in names.items() if times > 1] == []
