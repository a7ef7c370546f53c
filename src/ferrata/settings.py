"""A project's settings: `ferrata.yaml` and the environment, with `${env:NAME}` and `${file:path}` references.

A reference is a whole value; what it stands for is read when it is needed and never stored. Knows nothing of rooms.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ferrata.documents import Document, line_of, read_document, read_text
from ferrata.errors import InvalidDocument, Mistake, UsageError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["FILE_NAME", "MaturitySettings", "ProjectFile", "Settings", "load_settings", "resolve_reference"]

FILE_NAME = "ferrata.yaml"
STATE_FOLDER = ".ferrata"
_REFERENCE = re.compile(r"^\$\{(env|file):([^}]+)\}$")


class MaturitySettings(Document):
    """The section `maturity`: paths are relative to the project's folder and stay inside it.

    Attributes:
        model: a maturity model of your own, extending or replacing the built-in one.
        answers: a file of answers, as `ferrata answer --export` writes it.
        rules: folders with scanner rules of your own.
        exclude: globs of paths that the scan passes over.
    """

    model: str | None = None
    answers: str | None = None
    rules: list[str] = []
    exclude: list[str] = []


class ProjectFile(Document):
    """`ferrata.yaml`.

    Attributes:
        project: the project's name; its folder's name where it is missing.
        store: the database's URL as a reference, such as `${env:FERRATA_STORE}`; a URL with a password does not belong in a file.
        maturity: how maturity is assessed.
    """

    project: str | None = None
    store: str | None = None
    maturity: MaturitySettings = MaturitySettings()


@dataclass(frozen=True)
class Settings:
    """What a run works with.

    Attributes:
        root: the project's folder.
        project: its name.
        store_url: the database; SQLite in `.ferrata/` unless `FERRATA_STORE` or `ferrata.yaml` says otherwise.
        state: the folder for local state.
    """

    root: Path
    project: str
    store_url: str
    state: Path
    file: ProjectFile

    def inside(self, path: str, *, key: str) -> Path:
        """A path of the project file, which must lie inside the project.

        Raises:
            InvalidDocument: it leads out of the project's folder.
        """
        found = (self.root / path).resolve()
        if not found.is_relative_to(self.root.resolve()):
            file = self.root / FILE_NAME
            line = line_of(read_text(file), key.split("."))
            raise InvalidDocument([Mistake(str(file), line, key, f"{path!r} leads out of the project's folder")])
        return found


def load_settings(root: Path) -> Settings:
    """The settings of the project in `root`; defaults where it has no `ferrata.yaml`.

    Raises:
        InvalidDocument: the file is wrong; every mistake with line and key.
    """
    path = root / FILE_NAME
    file = read_document(path, ProjectFile) if path.is_file() else ProjectFile()
    state = root / STATE_FOLDER
    url = os.environ.get("FERRATA_STORE") or _store_url(file, root) or f"sqlite:///{(state / 'ferrata.db').resolve()}"
    return Settings(
        root=root, project=file.project or root.resolve().name or "project", store_url=url, state=state, file=file
    )


def _store_url(file: ProjectFile, root: Path) -> str | None:
    if file.store is None:
        return None
    path = root / FILE_NAME
    if not _REFERENCE.match(file.store):
        problem = "must be a reference such as ${env:FERRATA_STORE}: a URL holds a password"
        raise InvalidDocument([Mistake(str(path), line_of(read_text(path), ["store"]), "store", problem)])
    return resolve_reference(file.store, root)


def resolve_reference(value: str, root: Path) -> str:
    """What a whole-value reference stands for; any other text is itself.

    Raises:
        UsageError: the variable is not set, or the file cannot be read or lies outside `root`.
    """
    match = _REFERENCE.match(value)
    if match is None:
        return value
    if match[1] == "env":
        found = os.environ.get(match[2])
        if found is None:
            raise UsageError(
                f"the environment variable {match[2]!r} is not set", hint=f"export {match[2]}=... or change {FILE_NAME}"
            )
        return found
    path = (root / match[2]).resolve()
    if not path.is_relative_to(root.resolve()):
        raise UsageError(f"{value!r} leads out of the project's folder", hint="name a file inside it")
    return read_text(path).strip()
