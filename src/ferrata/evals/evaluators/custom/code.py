"""People's code as a thing with a file: where it is, what its digest is, which of its lines failed. Runs none of it."""

from __future__ import annotations

import functools
import inspect
import json
import traceback
from hashlib import sha256
from pathlib import Path
from types import CodeType
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["code_digest", "file_of", "name_of", "place_of", "stable_text"]

_OURS = str(Path(__file__).parents[4] / "ferrata")


def name_of(thing: Any) -> str:
    """What a function, a class or an instance's class is called."""
    inner: Any = thing
    while isinstance(inner, functools.partial):
        inner = cast("functools.partial[Any]", inner).func
    name = getattr(inner, "__name__", None) or type(inner).__name__
    return name if name.isidentifier() else "function"


def file_of(thing: Any) -> Path | None:
    """The file that a function, a class or an instance's class is written in; None where it is in none."""
    for code in _codes_of(thing):
        path = Path(code.co_filename)
        if path.is_file():
            return path
    return None


def code_digest(thing: Any, *, files: Iterable[Path] = ()) -> str:
    """Changes when code does: of the thing, of its file and of further files, and of the plain values that it holds.

    Modules that it imports are part of it only where they are among `files`; base classes are.
    """
    found = sha256()
    written = set(files)
    for code in _codes_of(thing):
        path = Path(code.co_filename)
        if path.is_file():
            written.add(path)
            found.update(f"{code.co_qualname}:{code.co_firstlineno}".encode())
        else:  # typed into a prompt, made by exec
            found.update(code.co_code + repr([_plain(const) for const in code.co_consts]).encode())
    for path in sorted(written):
        found.update(path.read_bytes())
    found.update(stable_text(_held_by(thing)).encode())
    return found.hexdigest()


def stable_text(value: Any) -> str:
    """A value as JSON that is the same in each process; what JSON does not know goes by its text, or by its type."""
    try:
        return json.dumps(value, sort_keys=True, default=_kind_of, skipkeys=True)
    except (TypeError, ValueError):  # keys of several types, a circle
        return str(_kind_of(value))


def place_of(error: BaseException, file: Path | None) -> str:
    """Where an exception was raised, as `evals/mine.py:12`: in the file if it came through it, else in whatever is not ours.

    Empty where that is nowhere.
    """
    if isinstance(error, SyntaxError) and error.filename and error.lineno:
        return f"{_shown(error.filename)}:{error.lineno}"
    frames = [f for f in traceback.extract_tb(error.__traceback__) if not f.filename.startswith((_OURS, "<frozen"))]
    own = [frame for frame in frames if file is not None and Path(frame.filename) == file]
    last = (own or frames)[-1:]
    return f"{_shown(last[0].filename)}:{last[0].lineno}" if last else ""


def _shown(file: str) -> str:
    return "/".join(Path(file).parts[-2:])


def _codes_of(thing: Any) -> Iterator[CodeType]:
    """The code of a function, of a class's functions, or of what a partial, a method or an instance stands on."""
    thing = inspect.unwrap(thing) if callable(thing) else thing
    if isinstance(thing, functools.partial):
        yield from _codes_of(cast("functools.partial[Any]", thing).func)
    elif inspect.ismethod(thing):
        yield from _codes_of(thing.__func__)
    elif inspect.isfunction(thing):
        yield thing.__code__
    elif isinstance(thing, type):
        for base in thing.__mro__:
            for member in vars(base).values():
                inner = getattr(member, "__func__", None) or getattr(member, "fget", None) or member
                if inspect.isfunction(inner):
                    yield inner.__code__
    elif type(thing).__module__ != "builtins":
        yield from _codes_of(cast("type[Any]", type(thing)))


def _held_by(thing: Any) -> Any:
    """Values that change what code does and stand in no file: of closures, partials and instances."""
    if isinstance(thing, functools.partial):
        held = cast("functools.partial[Any]", thing)
        return [_held_by(held.func), list(held.args), held.keywords]
    if inspect.ismethod(thing):
        return _held_by(thing.__self__)
    if inspect.isfunction(thing):
        cells = thing.__closure__ or ()
        return [[_content(cell) for cell in cells], list(thing.__defaults__ or ()), thing.__kwdefaults__ or {}]
    return None if isinstance(thing, type) else getattr(thing, "__dict__", None)


def _plain(const: Any) -> Any:
    """A constant of code without what differs between processes: addresses, the order of sets."""
    if isinstance(const, CodeType):
        return [const.co_code, [_plain(inner) for inner in const.co_consts]]
    return sorted(cast("frozenset[Any]", const), key=repr) if isinstance(const, frozenset) else const


def _content(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # not filled yet
        return None


def _kind_of(value: Any) -> Any:
    """What stands for a value that JSON does not know: of its text, where that names no address, else of its type."""
    if isinstance(value, set | frozenset):
        return sorted(repr(item) for item in cast("set[Any]", value))
    text = repr(value)
    kind = cast("type[Any]", type(value))
    return f"{kind.__module__}.{kind.__qualname__}" if " at 0x" in text else text
