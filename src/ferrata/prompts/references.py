"""Whole-value references in a prompt's front matter: `${env:NAME}`, `${env:NAME:default}` and `${file:path}`.

A file stays inside the project, links resolved. What a prompt holds goes to a model, so a variable whose name says that it
is a secret is refused; how a model is reached (`connection`) is not resolved at all.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from ferrata.errors import InvalidDocument, Mistake
from ferrata.yamls import read_yaml

if TYPE_CHECKING:
    from ferrata.prompts.source import Source

__all__ = ["References", "inside", "refuse_link_out"]

_REFERENCE = re.compile(r"\$\{(env|file):([^}]*)\}")
_SECRET = re.compile(
    r"(?i)secret|token(?!s)|passw|pass(?:$|_|phrase|code)|pwd|(?:^|_)dsn(?:$|_)|credential|(?:^|_)(?:api)?keys?(?:$|_)"
)
_CREDENTIAL = re.compile(r"://[^/\s:@]*:[^/\s@]+@")
_MOST_BYTES = 1_000_000


class References:
    """Resolves the references of one file.

    Attributes:
        files: the files that were read, relative to the project's folder.
    """

    def __init__(self, source: Source, *, folder: Path, root: Path) -> None:
        self.files: list[str] = []
        self._source = source
        self._folder = folder
        self._root = root

    def resolve(self, value: Any, *where: str | int) -> Any:
        """The value with every reference in it resolved; mistakes are noted in the source."""
        if isinstance(value, str):
            return self._text(value, where) if "${" in value else value
        if isinstance(value, list):
            return [self.resolve(item, *where, i) for i, item in enumerate(cast("list[Any]", value))]
        if isinstance(value, dict):
            return {key: self.resolve(item, *where, key) for key, item in cast("dict[str, Any]", value).items()}
        return value

    def name(self, *where: str | int) -> str:
        """The text at a key; a reference to a variable that is not set stays as it is, for whoever needs it."""
        text = self._source.text_at(*where)
        match = _REFERENCE.fullmatch(text)
        if match is None or match[1] != "env" or ":" in match[2] or _SECRET.search(match[2]):
            return str(self.resolve(text, *where))
        return os.environ.get(match[2], text)

    def sample(self, *where: str | int) -> Any:
        """The sample at a key: a mapping, a reference, or the bare name of a JSON file."""
        value = self._source.value(*where)
        if isinstance(value, str) and value.endswith(".json"):
            return self._file(value, where)
        return self.resolve(value, *where)

    def _text(self, text: str, where: tuple[str | int, ...]) -> Any:
        match = _REFERENCE.fullmatch(text.strip())
        if match is None:
            if _REFERENCE.search(text):
                self._source.wrong(where, f"a reference is a whole value: {text!r} is neither that nor plain text")
            return text
        kind, rest = match[1], match[2]
        return self._variable(rest, where) if kind == "env" else self._file(rest.strip(), where)

    def _variable(self, rest: str, where: tuple[str | int, ...]) -> str:
        name, colon, default = rest.partition(":")
        if _SECRET.search(name):
            self._source.wrong(where, f"{name!r} is named like a secret, and what stands here goes to a model")
            return ""
        found = os.environ.get(name)
        if found is not None and _CREDENTIAL.search(found):
            self._source.wrong(
                where, f"{name!r} holds an address with a password, and what stands here goes to a model"
            )
            return ""
        if found is None and not colon:
            self._source.wrong(where, f"the variable {name!r} is not set; export it, or write ${{env:{name}:default}}")
        return default if found is None else found

    def _file(self, name: str, where: tuple[str | int, ...]) -> Any:
        path, problem = inside(name, folder=self._folder, root=self._root)
        if path is None:
            self._source.wrong(where, problem)
            return None
        self.files.append(path.relative_to(self._root.resolve()).as_posix())
        try:
            with path.open("rb") as opened:
                data = opened.read(_MOST_BYTES + 1)
            if len(data) > _MOST_BYTES:
                self._source.wrong(where, f"{name!r} is too large: at most {_MOST_BYTES:,} bytes are read")
                return None
            text = data.decode("utf-8-sig")
            if path.suffix.lower() == ".json":
                return json.loads(text)
            if path.suffix.lower() in (".yaml", ".yml"):
                return read_yaml(text, file=name)
        except (OSError, ValueError, RecursionError) as error:
            self._source.wrong(where, f"{name!r} cannot be read: {error}")
            return None
        except InvalidDocument as error:
            self._source.wrong(where, f"{name!r} cannot be read: {error.message}")
            return None
        return text


def inside(name: str, *, folder: Path, root: Path) -> tuple[Path | None, str]:
    """The file `name` (relative to `folder`), with links resolved; or None and what is wrong with it.

    It must lie inside `root`, and neither it nor a folder on the way to it may be hidden: `.env` and `.git` hold what no
    model should see.
    """
    try:
        path = (folder / name).resolve()
        top = root.resolve()
        if not path.is_relative_to(top):
            return None, f"{name!r} leads out of the project's folder"
        # A prompt that itself lies in a hidden folder may have its files there.
        own = folder.resolve()
        below = path.relative_to(own if path.is_relative_to(own) and own.is_relative_to(top) else top)
        if any(part.startswith(".") for part in below.parts):
            return None, f"{name!r} is hidden: files and folders whose names begin with a dot are not read"
        if not path.is_file():
            return None, f"there is no file {name!r} in {str(folder)!r}"
    except (OSError, ValueError, RuntimeError) as error:  # a NUL, a name too long, links in a circle
        return None, f"{name!r} is no path: {error}"
    return path, ""


def refuse_link_out(path: Path, *, root: Path) -> None:
    """Refuse a prompt that a link brings in from outside of `root`: a link in a project must not choose what a model is told.

    A file that lies outside and is no link was named on purpose.

    Raises:
        InvalidDocument: the file, or a folder on the way to it from `root`, is a link that leads out.
    """
    try:
        lies_in = Path(os.path.abspath(path)).is_relative_to(os.path.abspath(root))  # noqa: PTH100 - without following links
        if not lies_in and not path.is_symlink():
            return
        target, top = path.resolve(), root.resolve()
    except (OSError, ValueError, RuntimeError):  # what cannot be followed cannot be read, which reading it says
        return
    if not target.is_relative_to(top):
        problem = f"is a link that leads out of the project {str(top)!r}, to {str(target)!r}"
        hint = "copy the file into the project; or name the file itself and not the link"
        raise InvalidDocument([Mistake(str(path), 1, "", problem)], hint=hint)
