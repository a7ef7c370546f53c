"""Each room has one door, and nobody comes in another way."""

from __future__ import annotations

import ast
from importlib import import_module
from pathlib import Path

import pytest

import ferrata

SOURCE = Path(ferrata.__file__).parent
ROOMS = {path.parent for path in SOURCE.rglob("__init__.py")} - {SOURCE}
MODULES = sorted(SOURCE.rglob("*.py"))


LAZY = '"""Doc."""\nif TYPE_CHECKING:\n    from a.b import C\nelse:\n'


def named(path: Path) -> str:
    return path.relative_to(SOURCE).as_posix()


def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def in_order(names: list[str]) -> list[str]:
    """Constants, then classes, then functions; each by the alphabet."""

    def key(name: str) -> tuple[int, str]:
        return (0 if name.isupper() else 1 if name.lstrip("_")[0].isupper() else 2, name)

    return sorted(names, key=key)


def door_mistakes(tree: ast.Module) -> list[str]:
    """What an `__init__.py` has that it should not, or lacks."""
    mistakes: list[str] = []
    imported: list[str] = []
    offered: list[str] | None = None
    body = tree.body[1:] if ast.get_docstring(tree) else tree.body
    if not ast.get_docstring(tree):
        mistakes.append("no docstring")
    for node in body:
        if isinstance(node, ast.ImportFrom) and node.module in ("typing", "ferrata.doors"):
            continue
        if isinstance(node, ast.ImportFrom):
            imported += [alias.asname or alias.name for alias in node.names]
        elif isinstance(node, ast.If):
            imported += [alias.name for line in node.body if isinstance(line, ast.ImportFrom) for alias in line.names]
            mistakes += lazy_mistakes(node)
        elif isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            offered = ast.literal_eval(node.value)
        else:
            mistakes.append(f"line {node.lineno}: {ast.unparse(node)[:60]}")
    if offered is None:
        return [*mistakes, "no __all__"]
    if set(offered) != set(imported) or len(offered) != len(imported):
        mistakes.append(f"__all__ and the imports differ in {sorted(set(offered) ^ set(imported))}")
    if offered != in_order(offered):
        mistakes.append(f"__all__ is not sorted: {in_order(offered)}")
    return mistakes


def lazy_mistakes(node: ast.If) -> list[str]:
    """What is wrong with the part of a door that opens when it is used: `if TYPE_CHECKING: imports; else: door(...)`."""
    opened = node.orelse[0] if len(node.orelse) == 1 else None
    if ast.unparse(node.test) != "TYPE_CHECKING" or not isinstance(opened, ast.Assign):
        return [f"line {node.lineno}: {ast.unparse(node)[:60]}"]
    call = opened.value
    if not (isinstance(call, ast.Call) and ast.unparse(opened.targets[0]) == "__getattr__"):
        return [f"line {opened.lineno}: {ast.unparse(opened)[:60]}"]
    shown = {(line.module or "", alias.name) for line in node.body for alias in getattr(line, "names", [])}
    found = {
        (keyword.arg.replace("__", "."), name) for keyword in call.keywords for name in ast.literal_eval(keyword.value)
    }
    return [
        f"{name} is not opened as it is shown"
        for name in sorted(
            {name for module, name in shown if not any(name == n and module.endswith(f".{m}") for m, n in found)}
            | ({name for _, name in found} - {name for _, name in shown})
        )
    ]


def intrusions(tree: ast.Module, module: tuple[str, ...]) -> list[str]:
    """Imports of another room's inner modules; `module` is the path of the importing one, from `ferrata` on."""
    found: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            if node.level:
                found.append(f"line {node.lineno}: a relative import")
                continue
            targets = [node.module or ""]
            # `from ferrata.room import inner` brings in an inner module as well, unless the door offers that name.
            targets += [f"{node.module}.{a.name}" for a in node.names if a.name not in offered_by(node.module or "")]
        elif isinstance(node, ast.Import):
            targets = [alias.name for alias in node.names]
        else:
            continue
        for target in targets:
            parts = tuple(target.split("."))[1:] if target.startswith("ferrata.") else ()
            if len(parts) > 1 and parts[0] != module[0] and is_module(parts):
                found.append(f"line {node.lineno}: {target}")
    return found


def offered_by(module: str) -> list[str]:
    door = SOURCE.parent.joinpath(*module.split("."), "__init__.py")
    if not module.startswith("ferrata.") or not door.is_file():
        return []
    found = [node for node in parse(door).body if isinstance(node, ast.Assign)]
    return next((ast.literal_eval(node.value) for node in found if ast.unparse(node.targets[0]) == "__all__"), [])


def is_module(parts: tuple[str, ...]) -> bool:
    path = SOURCE.joinpath(*parts)
    return path.with_suffix(".py").is_file() or (path / "__init__.py").is_file()


@pytest.mark.parametrize("room", sorted(ROOMS), ids=named)
def test_a_room_has_one_door_and_nothing_in_it(room: Path) -> None:
    assert door_mistakes(parse(room / "__init__.py")) == []


def test_every_folder_with_modules_has_a_door() -> None:
    assert {path.parent for path in MODULES} - {SOURCE} == ROOMS


@pytest.mark.parametrize("room", sorted(ROOMS), ids=named)
def test_everything_that_a_room_offers_is_there(room: Path) -> None:
    name = ".".join(("ferrata", *room.relative_to(SOURCE).parts))
    module = import_module(name)
    assert [offered for offered in module.__all__ if not hasattr(module, offered)] == []


@pytest.mark.parametrize("path", MODULES, ids=named)
def test_nobody_imports_inner_modules_of_another_room(path: Path) -> None:
    module = path.relative_to(SOURCE).with_suffix("").parts
    assert intrusions(parse(path), module) == []


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("from ferrata.assets import Ledger", 0),
        ("from ferrata.assets.ledger import Ledger", 2),
        ("from ferrata.assets import ledger", 1),
        ("from ferrata.cli import main", 0),
        ("import ferrata.assets.ledger", 1),
        ("from ferrata.maturity.scan.paths import role_of", 0),
        ("from ferrata.errors import UsageError", 0),
        ("from . import git", 1),
        ("if TYPE_CHECKING:\n    from ferrata.store.database import Store", 2),
    ],
)
def test_the_search_for_intrusions_finds_them(code: str, found: int) -> None:
    found_here = intrusions(ast.parse(code), ("maturity", "git"))
    assert (len(found_here) > 0) == (found > 0), found_here


@pytest.mark.parametrize(
    ("code", "sound"),
    [
        ('"""Doc."""\nfrom a import B, c\n__all__ = ["B", "c"]', True),
        ('"""Doc."""\nfrom a import B, c\n__all__ = ["c", "B"]', False),
        ('"""Doc."""\nfrom a import B, c\n__all__ = ["B"]', False),
        ('"""Doc."""\nfrom a import B\n__all__ = ["B"]\nx = 1', False),
        ('from a import B\n__all__ = ["B"]', False),
        ('"""Doc."""\nfrom a import B', False),
        (f'{LAZY}    __getattr__ = door(__name__, b=["C"])\n__all__ = ["C"]', True),
        (f'{LAZY}    __getattr__ = door(__name__, b=["C", "D"])\n__all__ = ["C"]', False),
        (f'{LAZY}    __getattr__ = door(__name__, a=["C"])\n__all__ = ["C"]', False),
        (f'{LAZY}    __getattr__ = door(__name__)\n__all__ = ["C"]', False),
        (f'{LAZY}    print()\n__all__ = ["C"]', False),
        ('"""Doc."""\nif x:\n    from a.b import C\n__all__ = ["C"]', False),
    ],
)
def test_the_check_of_doors_sees_what_is_wrong(code: str, *, sound: bool) -> None:
    assert (door_mistakes(ast.parse(code)) == []) is sound
