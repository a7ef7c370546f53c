"""Each flow has its modules for itself."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from ferrata.flows.code import CodeSpace

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def write(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        path = folder / f"{name.replace('__', '/')}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


@pytest.fixture
def spaces() -> Iterator[list[CodeSpace]]:
    opened: list[CodeSpace] = []
    yield opened
    for space in opened:
        space.close()


def test_two_flows_with_modules_of_one_name_never_see_each_other_s(tmp_path: Path, spaces: list[CodeSpace]) -> None:
    late = "import prices\nfrom prices import PRICE as EARLY\n\ndef later():\n    import prices as again\n    return again.PRICE\n"
    a = CodeSpace(write(tmp_path / "a", main=late, prices="PRICE = 1\n"))
    b = CodeSpace(write(tmp_path / "b", main=late, prices="PRICE = 2\n"))
    spaces += [a, b]
    first, second = a.load_file(tmp_path / "a/main.py"), b.load_module("main")
    assert (first.EARLY, second.EARLY) == (1, 2)
    assert (first.later(), second.later()) == (1, 2)
    assert (first.prices.PRICE, second.prices.PRICE) == (1, 2)
    assert "prices" not in sys.modules


def test_packages_relative_imports_and_import_module_stay_in_the_flow(tmp_path: Path, spaces: list[CodeSpace]) -> None:
    space = CodeSpace(
        write(
            tmp_path / "a",
            main="import tools.deep.one\nimport importlib\nTWO = importlib.import_module('tools.two').TWO\n"
            "ONE = tools.deep.one.ONE\n",
            tools__deep__one="from ..two import TWO\nONE = TWO - 1\n",
            tools__two="TWO = 2\n",
        )
    )
    spaces.append(space)
    module = space.load_file(tmp_path / "a/main.py")
    assert (module.ONE, module.TWO) == (1, 2)
    assert "tools" not in sys.modules


def test_a_folder_that_the_code_puts_on_the_path_belongs_to_it(
    tmp_path: Path, spaces: list[CodeSpace], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", list(sys.path))
    text = (
        "import os, sys\nsys.path.insert(0, os.path.join(os.path.dirname(__file__), 'lib'))\nfrom extra import WHAT\n"
    )
    for name in "ab":
        folder = write(tmp_path / name, main=text, lib__extra=f"WHAT = {name!r}\n")
        spaces.append(CodeSpace(folder))
        assert spaces[-1].load_file(folder / "main.py").WHAT == name


def test_a_module_of_python_s_own_is_not_hidden(tmp_path: Path, spaces: list[CodeSpace]) -> None:
    space = CodeSpace(write(tmp_path / "a", main="import json\nTEXT = json.dumps([])\n", json="raise RuntimeError\n"))
    spaces.append(space)
    assert space.load_file(tmp_path / "a/main.py").TEXT == "[]"


def test_a_script_used_twice_is_loaded_twice(tmp_path: Path, spaces: list[CodeSpace]) -> None:
    space = CodeSpace(write(tmp_path / "a", main="SEEN = []\n"))
    spaces.append(space)
    one, two = space.load_file(tmp_path / "a/main.py"), space.load_file(tmp_path / "a/main.py")
    one.SEEN.append(1)
    assert two.SEEN == []


def test_a_closed_space_leaves_nothing_behind(tmp_path: Path) -> None:
    before = set(sys.modules)
    space = CodeSpace(write(tmp_path / "a", main="import more\n", more=""))
    space.load_file(tmp_path / "a/main.py")
    space.close()
    assert set(sys.modules) - before == set()


def test_a_script_that_fails_leaves_nothing_behind(tmp_path: Path, spaces: list[CodeSpace]) -> None:
    space = CodeSpace(write(tmp_path / "a", main="1 / 0\n"))
    spaces.append(space)
    before = set(sys.modules)
    with pytest.raises(ZeroDivisionError):
        space.load_file(tmp_path / "a/main.py")
    assert set(sys.modules) == before


def test_dataclasses_with_annotations_as_text_work(tmp_path: Path, spaces: list[CodeSpace]) -> None:
    text = (
        "from __future__ import annotations\nfrom dataclasses import dataclass\nfrom typing import ClassVar, get_type_hints\n"
        "@dataclass\nclass A:\n    x: int\n    n: ClassVar[int] = 1\nHINTS = get_type_hints(A)\n"
    )
    space = CodeSpace(write(tmp_path / "a", main=text))
    spaces.append(space)
    module = space.load_file(tmp_path / "a/main.py")
    assert module.HINTS["x"] is int
    assert module.__name__ == "__pf_main__"
