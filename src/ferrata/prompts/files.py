"""A prompt as the files that make it: its own and what it includes, for whoever keeps them together.

Paths are relative to the folder that holds them all, so that a prompt has the same files wherever its project lies. Knows
no registry.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import weakref
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from ferrata.errors import InvalidDocument, UsageError
from ferrata.prompts.compare import prompt_meaning
from ferrata.prompts.dialects import read_prompt
from ferrata.prompts.references import inside

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ferrata.prompts.types import Dialect, Prompt

__all__ = ["meaning_of_files", "prompt_files", "read_files"]

# An image that the template itself names; one that an input names is the input's.
_PICTURE = re.compile(r"!\[[^\]\n]*\]\(([^(){}\n]+)\)")
_ELSEWHERE = ("data:", "https://", "http://")


def prompt_files(prompt: Prompt) -> dict[str, bytes]:
    """The files that make a prompt: its own, those that it includes by `${file:...}`, and the images that it names.

    Returns:
        path -> body; the paths are relative to the folder that holds them all.

    Raises:
        UsageError: one cannot be read, or the prompt lies outside its project.
    """
    root = prompt.root.resolve()
    own = prompt.path.parent.resolve() / prompt.path.name  # under its own name, also where it is a link
    paths = [own, *(root / name for name in prompt.files)]
    for match in _PICTURE.finditer(prompt.body):
        name = match[1].strip()
        if not name.startswith(_ELSEWHERE):
            image, _ = inside(name, folder=prompt.path.parent, root=prompt.root)
            paths += [image] if image is not None else []
    top = Path(os.path.commonpath([path.parent for path in paths]))
    if len(paths) > 1 and not top.is_relative_to(root):
        raise UsageError(f"{prompt.place} lies outside the project {str(root)!r}, and includes files of it")
    return {path.relative_to(top).as_posix(): _body(path) for path in paths}


def read_files(files: Mapping[str, bytes], *, version: str = "", dialect: Dialect | None = None) -> Prompt:
    """The prompt that these files make. They lie in a folder of their own as long as the prompt is in use.

    Args:
        files: path -> body: one `.prompty`, and what it includes.
        version: what messages call it, as `prompt/support@3`.
        dialect: as for `read_prompt`.

    Raises:
        UsageError: there is not one `.prompty` among them, or a path is none.
        InvalidDocument: it is wrong.
    """
    own = [name for name in files if name.endswith(".prompty")]
    if len(own) != 1:
        which = f"{version}: " if version else ""
        raise UsageError(f"{which}a prompt is one .prompty file with what it includes, not {len(own)}")
    root = Path(tempfile.mkdtemp(prefix="ferrata-"))
    try:
        for name, data in files.items():
            target = root.joinpath(*_parts(name))
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
        path = root.joinpath(*_parts(own[0]))
        prompt = replace(read_prompt(path, root=root, dialect=dialect), version=version)
    except InvalidDocument as error:
        shutil.rmtree(root, ignore_errors=True)
        place = f"{version}/{PurePosixPath(own[0]).name}" if version else own[0]
        raise InvalidDocument([m._replace(file=place) for m in error.mistakes], hint=error.hint) from None
    except BaseException:
        shutil.rmtree(root, ignore_errors=True)
        raise
    weakref.finalize(prompt, shutil.rmtree, root, ignore_errors=True)
    return prompt


def meaning_of_files(files: Mapping[str, bytes]) -> Mapping[str, object]:
    """`prompt_meaning` of the prompt in these files, for the registry."""
    return prompt_meaning(read_files(files))


def _parts(name: str) -> tuple[str, ...]:
    parts = PurePosixPath(name).parts
    if not parts or parts[0] == "/" or ".." in parts:
        raise UsageError(f"no path of a prompt's file: {name!r}")
    return parts


def _body(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"cannot read {str(path)!r}: {error.strerror}") from None
