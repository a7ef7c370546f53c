"""The folder that a flow runs in: its own, a copy with what it includes beside it, or the files of a version.

Knows no code of flows and no registry.
"""

from __future__ import annotations

import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ferrata.errors import UsageError
from ferrata.flows.failures import FlowError
from ferrata.flows.reading import read_unchecked

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping

    from ferrata.flows.types import Flow

__all__ = ["close_all", "laid_out", "lay_out", "version_folder"]

_LEFT_OUT = shutil.ignore_patterns(".git", "__pycache__", ".ferrata", ".promptflow")


def lay_out(flow: Flow, closing: list[Callable[[], None]]) -> Path:
    """The folder to run in: the flow's own, or a copy with what `additional_includes` names beside it.

    Args:
        flow: whose.
        closing: gets what removes the copy.

    Raises:
        FlowError: `UserErrorException`: an include is not there, or cannot be copied.
    """
    folder = flow.folder.resolve()
    if all(_is_laid_out(folder, include) for include in flow.includes):
        return folder
    made = tempfile.mkdtemp(prefix="ferrata-flow-")
    closing.append(lambda: shutil.rmtree(made, ignore_errors=True))
    target = Path(made).resolve() / folder.name
    try:
        shutil.copytree(flow.folder, target, ignore=_LEFT_OUT)
        for number, include in enumerate(flow.includes):
            if not _is_laid_out(folder, include) and not _include((flow.folder / include).resolve(), target):
                raise _wrong(flow, f"additional_includes names {include!r}, which there is not", (number,))
    except OSError as error:
        raise _wrong(flow, f"additional_includes cannot be laid out: {error}", ()) from error
    return target


def _is_laid_out(folder: Path, include: str) -> bool:
    """Whether an include is not where the flow says, but in its folder already, as in a version of the registry."""
    source = (folder / include).resolve()
    return not source.exists() and (folder / source.name).exists()


def _wrong(flow: Flow, problem: str, where: tuple[int, ...]) -> FlowError:
    return FlowError("UserErrorException", problem, file=flow.file, where=("additional_includes", *where))


def _include(source: Path, target: Path) -> bool:
    """Copy an include; False: there is none."""
    if source.is_dir():
        shutil.copytree(source, target / source.name, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    elif source.is_file():
        shutil.copy2(source, target / source.name)
    elif source.suffix == ".zip" and source.with_suffix("").is_dir():
        shutil.make_archive(str(target / source.stem), "zip", source.with_suffix(""))
    else:
        return False
    return True


def close_all(closing: list[Callable[[], None]]) -> None:
    """Call what is to be called at the end, the last first; nothing is called twice."""
    while closing:
        closing.pop()()


@contextmanager
def laid_out(path: Path) -> Generator[Path]:
    """The folder of a flow with what it includes beside it, for as long as the block; a copy where it includes anything.

    Raises:
        NotFound, UsageError, InvalidDocument, FlowError: as `read_flow`; an include is not there.
    """
    closing: list[Callable[[], None]] = []
    try:
        yield lay_out(read_unchecked(path), closing)
    finally:
        close_all(closing)


@contextmanager
def version_folder(files: Mapping[str, bytes], name: str) -> Generator[Path]:
    """A private folder with the files of a version, for as long as the block; what a flow writes into it goes with it.

    Args:
        files: path within the version -> body.
        name: of the asset; the folder has its last part.

    Raises:
        UsageError: a path leads out of the folder, or it cannot be written.
    """
    made = Path(tempfile.mkdtemp(prefix="ferrata-flow-")).resolve()
    try:
        folder = made / name.rpartition("/")[2]
        try:
            for path, body in files.items():
                target = folder / path
                if not target.is_relative_to(folder) or ".." in Path(path).parts:
                    raise UsageError(f"not a path within an asset: {path!r}")
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(body)
        except OSError as error:
            raise UsageError(f"the version {name!r} cannot be laid out in {str(made)!r}: {error}") from None
        yield folder
    finally:
        shutil.rmtree(made, ignore_errors=True)
