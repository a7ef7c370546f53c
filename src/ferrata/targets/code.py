"""Functions of the project's own code, by file or module, and digests of what a target is made of."""

from __future__ import annotations

import json
import re
import sys
from hashlib import sha256
from importlib import import_module, util
from pathlib import Path
from typing import Any

from ferrata.errors import NotFound, UsageError

__all__ = ["digest_of", "load_function"]

_CODE = re.compile(r"(?P<place>[^:]+\.py|[A-Za-z_][\w.]*):(?P<name>[A-Za-z_][\w.]*)\Z")
_MOST_FILES = 1000


def digest_of(*parts: Any) -> str:
    """One digest over several values."""
    return sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()


def load_function(text: str, root: Path) -> tuple[Any, str] | None:
    """What `path.py:name` or `package.module:name` names, and a digest of its file; None where the text is neither.

    The file's folder and the project's are importable while it loads, and stay so: it is the project's own code.

    Raises:
        NotFound: there is no such file, module or name.
        UsageError: it cannot be loaded.
    """
    match = _CODE.match(text)
    if match is None:
        return None
    place, name = match["place"], match["name"]
    try:
        module = _module_of_file(root / place) if place.endswith(".py") else _module_of_name(place, root)
    except (NotFound, KeyboardInterrupt):
        raise
    except BaseException as error:  # whatever the user's code raises while it is loaded
        raise UsageError(f"{text}: cannot be loaded: {type(error).__name__}: {error}") from error
    found: Any = module
    for part in name.split("."):
        found = getattr(found, part, None)
        if found is None:
            raise NotFound(f"{place!r} has no {name!r}")
    file = getattr(module, "__file__", None)
    return found, digest_of(text, _code_beside(Path(file)) if file else "")


def _code_beside(file: Path) -> list[str]:
    """Digests of the Python files of a file's folder, as far as there are not too many: what it imports lies mostly there."""
    beside = sorted(file.parent.rglob("*.py"))
    chosen = beside if len(beside) <= _MOST_FILES else [file]
    return [sha256(path.read_bytes()).hexdigest() for path in chosen if path.is_file()]


def _module_of_file(path: Path) -> Any:
    path = path.resolve()
    if not path.is_file():
        raise NotFound(f"no such file: {str(path)!r}")
    known = f"_ferrata_{sha256(str(path).encode() + path.read_bytes()).hexdigest()[:12]}_{path.stem}"
    if known in sys.modules:
        return sys.modules[known]
    spec = util.spec_from_file_location(known, path)
    if spec is None or spec.loader is None:
        raise NotFound(f"not a Python file: {str(path)!r}")
    module = util.module_from_spec(spec)
    if str(path.parent) not in sys.path:
        sys.path.insert(0, str(path.parent))
    sys.modules[known] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[known]
        raise
    return module


def _module_of_name(name: str, root: Path) -> Any:
    if str(root.resolve()) not in sys.path:
        sys.path.insert(0, str(root.resolve()))
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        if error.name and (name == error.name or name.startswith(f"{error.name}.")):
            raise NotFound(f"no module {name!r}", hint="name a file, as src/bot.py:answer") from None
        raise
