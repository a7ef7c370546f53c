"""What a command registers: the name of an asset and its files, where the words of the command leave them open."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ferrata.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ferrata.refs import Ref

__all__ = ["content_of", "named"]

_PROMPT = ".prompty"
# Where none of these is in it, a prompt names no other file, and need not be read as a prompt, which takes longer.
_NAMES_FILES = (b"${file:", b".json", b"![")
_COMPILED = "__pycache__"


def named(words: Sequence[str]) -> tuple[Ref, list[Path]]:
    """The asset and the paths that `[KIND/NAME] PATH...` says; a prompt alone is named by its file.

    Raises:
        UsageError: there is no name, or it is none.
    """
    from ferrata.assets import name_for
    from ferrata.refs import Ref

    if not all(words):
        raise UsageError("an empty path", hint="name the files, or a folder; `.` is this one")
    if len(words) > 1:
        return Ref.parse(words[0]), [Path(word) for word in words[1:]]
    path = Path(words[0])
    if path.suffix != _PROMPT:
        hint = "write KIND/NAME PATH; for a folder of prompts, use `ferrata asset register-all`"
        raise UsageError(f"what is {words[0]!r} to be registered as?", hint=hint)
    return Ref.parse(f"prompt/{name_for(path, within=path.parent)}"), [path]


def content_of(kind: str, paths: Sequence[Path]) -> dict[str, bytes]:
    """The files of a version: what lies at the paths, and of a prompt or a flow alone also what it includes.

    Raises:
        NotFound: a path does not exist.
        UsageError: one cannot be read.
        InvalidDocument: a prompt or a flow that includes files is wrong.
        FlowError: what a flow includes is not there.
    """
    from ferrata.assets import read_content

    if kind == "flow" and len(paths) == 1 and paths[0].is_dir():
        return _of_flow(paths[0])
    files = read_content(paths)
    if kind != "prompt" or len(paths) != 1 or paths[0].suffix != _PROMPT:
        return files
    if not any(mark in body for body in files.values() for mark in _NAMES_FILES):
        return files
    from ferrata.cli.prompt_render import root_of
    from ferrata.prompts import prompt_files, read_prompt

    return prompt_files(read_prompt(paths[0], root=root_of(paths[0])))


def _of_flow(folder: Path) -> dict[str, bytes]:
    """The files of a flow's folder, with what its `additional_includes` names beside them."""
    from ferrata.assets import read_content

    files = {name: body for name, body in read_content([folder]).items() if _COMPILED not in name.split("/")}
    if not any(b"additional_includes" in body for name, body in files.items() if name.endswith((".yaml", ".yml"))):
        return files
    from ferrata.flows import laid_out

    with laid_out(folder) as complete:
        return read_content([complete])
