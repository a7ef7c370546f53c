"""Evaluators in files of a project, named as `evals/mine.py:tone` or `package.module:Tone`.

While a file loads, its folder and the project's are first on the path, and what it imports from there is its own: another project's
module of the same name is out of sight before, and this one's afterwards. So imports of the project's own modules belong to
the top of a file. Knows nothing of what evaluators take and give.
"""

from __future__ import annotations

import difflib
import importlib
import importlib.util
import itertools
import sys
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ferrata.errors import InvalidDocument, Mistake, NotFound, UsageError
from ferrata.evals.evaluators.custom.code import place_of
from ferrata.evals.evaluators.custom.making import make_own

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from types import ModuleType

    from ferrata.evals.evaluators.custom.making import Thresholds
    from ferrata.evals.types import Evaluator

__all__ = ["is_own_spec", "load_evaluator", "load_named"]

_HOW = "write evals/FILE.py:NAME or PACKAGE.MODULE:NAME"
_PREFIX = "_ferrata_own_"
_numbers = itertools.count(1)
_one_at_a_time = threading.RLock()


def is_own_spec(spec: str) -> bool:
    """Whether a text names code of a project, by its form."""
    place, colon, name = spec.rpartition(":")
    is_module = all(part.isidentifier() for part in place.split("."))
    return bool(colon) and name.isidentifier() and (place.endswith(".py") or (is_module and "." in place))


def load_evaluator(spec: str, root: Path, *, alias: str = "", threshold: Thresholds = None, **init: Any) -> Evaluator:
    """The evaluator that a text names.

    Args:
        spec: `evals/mine.py:tone`, a file below the root, or `package.module:Tone`, of the project or installed.
        root: the project's folder.
        alias: its name in a run; usual: its name in the code.
        threshold: as for `evaluator_of`.
        init: as for `evaluator_of`.

    Raises:
        UsageError: the text names nothing that can be an evaluator.
        NotFound: there is no such file or module, or no such name in it.
        InvalidDocument: the code raises while it loads; with file and line.
    """
    found, files = load_named(spec, root)
    return make_own(found, alias or spec.rpartition(":")[2], threshold, init, files=files)


def load_named(spec: str, root: Path) -> tuple[Any, list[Path]]:
    """What a text names, and the project's files that were loaded for it; arguments and errors as of `load_evaluator`."""
    place, _, name = spec.rpartition(":")
    if not place or not name.isidentifier() or (not place.endswith(".py") and "/" in place):
        raise UsageError(f"not a place in code: {spec!r}", hint=_HOW)
    root = root.resolve()
    path = (root / place).resolve() if place.endswith(".py") else None
    if path is not None and not path.is_file():
        raise NotFound(f"no file {place!r} in {str(root)!r}", hint=_HOW)
    folders = [path.parent, root] if path else [root]
    with _one_at_a_time, _own_modules(list(dict.fromkeys(folders))) as loaded:
        try:
            module = _load_file(path) if path else importlib.import_module(place)
            if hasattr(module, name):  # a lazy module may import only now
                found = getattr(module, name)
                return found, [*([path] if path else []), *loaded()]
        except (Exception, SystemExit) as error:
            raise _loading_failed(error, place, path, root) from error
    raise _no_such_name(place, name, module)


def _load_file(path: Path) -> ModuleType:
    unique = f"{_PREFIX}{next(_numbers)}_{path.stem}"
    spec = importlib.util.spec_from_file_location(unique, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path.name!r} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[unique] = module  # dataclasses look their module up
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[unique]
        raise
    return module


@contextmanager
def _own_modules(folders: list[Path]) -> Generator[Callable[[], list[Path]]]:
    """Put folders first on the path, hide others' modules of the same names, and forget at the end what came from there.

    Gives a function that tells the files of the folders' modules that have come so far.
    """
    texts = [str(folder) for folder in folders]
    before = dict(sys.modules)
    theirs = {top for folder in folders for top in _names_in(folder)}
    hidden = {name: module for name, module in before.items() if _is_in_the_way(name, theirs, texts)}
    for name in hidden:
        del sys.modules[name]

    def files() -> list[Path]:
        return [Path(str(sys.modules[name].__file__)) for name in _came(before, hidden, texts, of_files=True)]

    path_before = list(sys.path)
    sys.path[:0] = texts
    importlib.invalidate_caches()
    try:
        yield files
    finally:
        for name in _came(before, hidden, texts):
            del sys.modules[name]
        sys.modules.update(hidden)
        # What the code itself has put on the path stays there.
        for text in texts:
            if sys.path.count(text) > path_before.count(text):
                sys.path.remove(text)


def _came(
    before: dict[str, ModuleType], hidden: dict[str, ModuleType], folders: list[str], *, of_files: bool = False
) -> list[str]:
    """Names of modules that were imported from the folders since."""
    new = [name for name, module in sys.modules.items() if before.get(name) is not module or name in hidden]
    tops = {name for name in {name.partition(".")[0] for name in new} if _lies_in(sys.modules.get(name), folders)}
    mine = [name for name in new if name.partition(".")[0] in tops and not name.startswith(_PREFIX)]
    return [name for name in mine if getattr(sys.modules[name], "__file__", None)] if of_files else mine


def _lies_in(module: ModuleType | None, folders: list[str]) -> bool:
    """Whether a top module or package stands directly in one of the folders."""
    file = getattr(module, "__file__", None)
    inside = [Path(place) for place in getattr(module, "__path__", ())] or ([Path(file)] if file else [])
    return any(str(place.parent) in folders for place in inside)


def _names_in(folder: Path) -> set[str]:
    """What could be imported from a folder and is not the standard library's."""
    names = {path.stem for path in folder.glob("*.py")} | {path.parent.name for path in folder.glob("*/__init__.py")}
    return names - sys.stdlib_module_names - {"ferrata"}


def _is_in_the_way(name: str, theirs: set[str], folders: list[str]) -> bool:
    """Whether a loaded module has a name of the folders', and is another."""
    top = name.partition(".")[0]
    return top in theirs and name != "__main__" and not _lies_in(sys.modules.get(top), folders)


def _loading_failed(error: BaseException, place: str, path: Path | None, root: Path) -> Exception:
    text = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    hint = ""
    if isinstance(error, ModuleNotFoundError):
        if path is None and error.name and f"{place}.".startswith(f"{error.name}."):
            return NotFound(f"no module {place!r} in {str(root)!r} or installed", hint=_HOW)
        hint = f"install {error.name} in the environment that Ferrata runs in"
    file, _, line = place_of(error, path).rpartition(":")
    return InvalidDocument([Mistake(file or place, int(line or 1), "", text)], hint=hint)


def _no_such_name(place: str, name: str, module: ModuleType) -> NotFound:
    names = [key for key, value in vars(module).items() if callable(value) and not key.startswith("_")]
    own = [key for key in names if getattr(getattr(module, key), "__module__", None) == module.__name__]
    near = difflib.get_close_matches(name, names, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"it has {', '.join(own) or 'no function and no class'}"
    return NotFound(f"{place} has no {name!r}", hint=hint)
