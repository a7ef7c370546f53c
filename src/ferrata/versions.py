"""Prompts and flows by the names that people give: a file, or a version of the registry. Knows no project."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ferrata.refs import Ref

if TYPE_CHECKING:
    from collections.abc import Generator

    from ferrata.assets import Registry
    from ferrata.prompts import Dialect, Prompt

__all__ = ["flow_at", "flow_ref", "prompt_in", "prompt_ref"]

_FLOW_FILES = (".yaml", ".yml", ".prompty", ".py")


def prompt_ref(name: str | Path, root: Path) -> Ref | None:
    """The reference that a prompt's name is, as `prompt/support@3`; None where it is a file.

    A file is what ends in `.prompty`, does not begin with `prompt/`, or exists and has no `@` in its name.

    Raises:
        UsageError: it is neither.
    """
    if isinstance(name, Path) or not name.startswith("prompt/") or name.endswith(".prompty"):
        return None
    if "@" not in name and (root / name).exists():
        return None
    return Ref.parse(name)


def prompt_in(registry: Registry, ref: Ref, *, dialect: Dialect | None = None) -> Prompt:
    """The prompt of a version; errors as of `Registry.resolve` and `prompts.read_files`."""
    from ferrata.prompts import read_files

    version = registry.resolve(ref)
    return read_files(registry.files(version), version=str(version.ref), dialect=dialect)


def flow_ref(name: str | Path, root: Path) -> Ref | None:
    """The reference that a flow's name is, as `flow/support@3`; None where it is a folder or a file.

    A reference begins with `flow/` and has an `@`, or there is no folder `flow`.

    Raises:
        UsageError: it is neither.
    """
    text = str(name)
    if not text.startswith("flow/") or ":" in text or Path(text).suffix in _FLOW_FILES:
        return None
    if "@" not in text and (root / "flow").exists():
        return None
    return Ref.parse(text)


@contextmanager
def flow_at(registry: Registry, ref: Ref) -> Generator[tuple[Path, str]]:
    """A private folder with the files of a version, for as long as the block, and the version, as `flow/support@3`.

    Raises:
        NotFound, StoreUnavailable: as `Registry.resolve` and `Registry.files`.
    """
    from ferrata.flows import version_folder

    version = registry.resolve(ref)
    with version_folder(registry.files(version), ref.name) as folder:
        yield folder, str(version.ref)
