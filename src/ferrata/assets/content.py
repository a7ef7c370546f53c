"""What a version is made of: a few files under relative paths, whatever the kind.

A prompt is one `.prompty` file and what it includes, a flow is a folder, a model is a `model.json`. Knows no database.
"""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from ferrata.assets.record import canonical_json
from ferrata.errors import NotFound, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["MOST_BYTES", "check_path", "check_paths", "digest_of_content", "name_for", "read_content"]

MOST_BYTES = 64 * 1024 * 1024
"""The largest version, all files together."""
_MOST_FILES = 2_000
_MOST_PATH = 400
_UNFIT = re.compile(r"[^A-Za-z0-9._/-]+")


def check_path(path: str) -> str:
    """The path itself, if it is one that a version's file can have: relative, in one spelling, inside.

    Raises:
        UsageError: it is something else.
    """
    parts = path.split("/")
    fits = path.isprintable() and len(path) <= _MOST_PATH and "\\" not in path and ":" not in parts[0]
    if not fits or not all(part and part.strip() == part and part not in (".", "..") for part in parts):
        raise UsageError(
            f"not a path within an asset: {path!r}", hint="write it relative, with /, as templates/answer.jinja2"
        )
    return path


def check_paths(paths: Mapping[str, object]) -> None:
    """Check that files can lie beside one another in a version.

    Raises:
        UsageError: there are none or too many, a path is wrong, or one is a file and another lies in it.
    """
    if not paths:
        raise UsageError("a version needs at least one file", hint="name the files that it is made of")
    if len(paths) > _MOST_FILES:
        raise UsageError(f"{len(paths):,} files in one version; at most {_MOST_FILES:,} fit", hint="split the asset")
    folders = {str(parent) for path in paths for parent in PurePosixPath(check_path(path)).parents}
    for path in paths:
        if path in folders:
            raise UsageError(f"{path!r} is both a file and a folder of the version", hint="rename one of them")


def digest_of_content(kind: str, files: Mapping[str, str]) -> str:
    """The digest of a version: SHA-256 of the canonical JSON of its kind and of path and SHA-256 of each file, by path.

    Args:
        kind: the kind of asset.
        files: path -> SHA-256 of the body.
    """
    content = [kind, [[path, files[path]] for path in sorted(files)]]
    return hashlib.sha256(canonical_json(content).encode()).hexdigest()


def read_content(paths: Sequence[Path]) -> dict[str, bytes]:
    """The files of a version from the disk: a folder gives what lies in it, a file itself under its name.

    Hidden files and folders are left out; links are followed only to what lies in the same folder.

    Raises:
        NotFound: a path does not exist.
        UsageError: one cannot be read, leads out of its folder, two have one name, or all are too large together.
    """
    found: dict[str, bytes] = {}
    size = 0
    for path in paths:
        for name, file in _files_of(path):
            if name in found:
                raise UsageError(f"two files would lie under {name!r}", hint="give the folder that holds both")
            try:
                size += file.stat().st_size
                if size > MOST_BYTES:
                    limit = MOST_BYTES // 1024 // 1024
                    hint = "keep large files elsewhere, and register a file that names them with their sha256"
                    raise UsageError(f"{str(path)!r} is too large: a version has at most {limit} MiB", hint=hint)
                found[name] = file.read_bytes()
            except OSError as error:
                raise UsageError(f"cannot read {str(file)!r}: {error.strerror}") from None
    check_paths(found)
    return found


def name_for(path: Path, *, within: Path) -> str:
    """The name of an asset that lies at `path`: relative to `within`, without the suffix, with `-` for what no name holds."""
    relative = path.relative_to(within)
    return _UNFIT.sub("-", relative.with_suffix("").as_posix()).strip("-./_")


def _below(folder: Path) -> list[Path]:
    """What lies below a folder and is no folder itself; a folder that cannot be read is an error and not empty."""

    def refuse(error: OSError) -> None:
        raise error

    return [Path(where) / name for where, _, names in os.walk(folder, onerror=refuse) for name in names]


def _files_of(path: Path) -> list[tuple[str, Path]]:
    try:
        if path.is_dir():
            root = path.resolve()
            listed = [(file.relative_to(path).as_posix(), file) for file in sorted(_below(path))]
            kept = [(name, file) for name, file in listed if not any(part.startswith(".") for part in name.split("/"))]
            for name, file in kept:
                if not file.is_file():
                    raise UsageError(f"{str(file)!r} is no file", hint=f"remove {name!r}, or name the files one by one")
                if not file.resolve().is_relative_to(root):
                    raise UsageError(
                        f"{str(file)!r} leads out of {str(path)!r}", hint=f"put a copy in place of {name!r}"
                    )
            return kept
        if not path.exists():
            raise NotFound(f"no such file: {str(path)!r}")
        if not path.is_file():
            raise UsageError(f"{str(path)!r} is neither a file nor a folder")
    except (OSError, ValueError) as error:
        raise UsageError(f"cannot read {str(path)!r}: {error}") from None
    return [(path.name, path)]
