"""Lists a repository's files without running anything of it: by git's index where there is one, else by walking.

Symbolic links are never followed. Knows nothing of contents.
"""

from __future__ import annotations

import os
import stat
import subprocess
from typing import TYPE_CHECKING, NamedTuple, Self

from ferrata.errors import NotFound, UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from pathspec import GitIgnoreSpec

__all__ = ["Entry", "Listing", "folder_in_repository", "list_files", "repository_of"]

_NEVER = frozenset(
    {
        ".git",
        ".hg",
        ".svn",
        ".ferrata",
        "node_modules",
        "__pycache__",
        ".venv",
        "venv",
        ".tox",
        ".nox",
        ".mypy_cache",
        ".ruff_cache",
        ".pytest_cache",
        ".idea",
    }
)
_GIT = (
    "git",
    "-c",
    "core.fsmonitor=false",
    "-c",
    "core.untrackedCache=false",
    "-c",
    "core.hooksPath=/dev/null",
    "--no-optional-locks",
)
_GIT_SECONDS = 120


class Entry(NamedTuple):
    """A regular file: its path relative to the root (with `/`), its size in bytes, and the time of its last change in ns."""

    path: str
    size: int
    mtime_ns: int


class Listing:
    """The list of a tree's files, which git begins to make at once; use it in a `with` block, which ends it.

    Args:
        root: the folder.

    Raises:
        NotFound: `root` does not exist.
        UsageError: `root` is a file, cannot be read, or is a bare git repository.
    """

    def __init__(self, root: Path) -> None:
        _check(root)
        self._root = root
        self._git = _start_git(root)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        if self._git is not None:
            self._git.kill()
            with self._git:  # closes its pipe and waits for it
                self._git = None

    def entries(self) -> list[Entry]:
        """All files of the tree that git does not ignore, in order of their paths; waits for git, if it is there."""
        paths = _paths_of(self._git) if self._git is not None else None
        # Git lists nothing of a folder that an enclosing repository ignores, which is no reason not to read it.
        return sorted(_stat_all(self._root, paths) if paths else _walk(self._root))


def list_files(root: Path) -> list[Entry]:
    """All files of the tree that git does not ignore, in order of their paths.

    Raises:
        NotFound: `root` does not exist.
        UsageError: `root` is a file, cannot be read, or is a bare git repository.
    """
    with Listing(root) as listing:
        return listing.entries()


def repository_of(folder: Path) -> Path:
    """The root of the git repository that a folder lies in: the nearest one with `.git`; the folder itself where there is none."""
    found = folder.resolve()
    try:
        return next((one for one in (found, *found.parents) if (one / ".git").exists()), found)
    except OSError:  # a folder above that may not be looked into
        return found


def folder_in_repository(folder: Path) -> str:
    """A folder's path from the root of its git repository, with `/`; empty where it is that root, or in none."""
    found = folder.resolve().relative_to(repository_of(folder)).as_posix()
    return "" if found == "." else found


def _check(root: Path) -> None:
    if not root.exists():
        raise NotFound(f"no such folder: {str(root)!r}")
    if not root.is_dir():
        raise UsageError(f"not a folder: {str(root)!r}", hint="give the folder of a repository")
    if not os.access(root, os.R_OK | os.X_OK):
        raise UsageError(f"cannot read the folder {str(root)!r}", hint="check its permissions")
    if (root / "HEAD").is_file() and (root / "objects").is_dir() and (root / "refs").is_dir():
        raise UsageError(
            f"{str(root)!r} is a bare git repository: it has no files to read",
            hint=f"git clone {root} WORKTREE, then assess WORKTREE",
        )


def _start_git(root: Path) -> subprocess.Popen[bytes] | None:
    try:
        return subprocess.Popen(  # noqa: S603 - fixed arguments; hooks and file-system monitors are switched off
            [*_GIT, "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate"],
            cwd=root,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={name: value for name, value in os.environ.items() if not name.startswith("GIT_")},
        )
    except OSError:
        return None


def _paths_of(git: subprocess.Popen[bytes]) -> list[str] | None:
    try:
        out, _ = git.communicate(timeout=_GIT_SECONDS)
    except subprocess.TimeoutExpired:
        return None
    return [os.fsdecode(name) for name in out.split(b"\0") if name] if git.returncode == 0 else None


def _stat_all(root: Path, paths: list[str]) -> list[Entry]:
    entries: list[Entry] = []
    base = str(root)
    for path in paths:
        if path.startswith(".ferrata/") or "/.ferrata/" in path:
            continue
        try:
            info = os.lstat(f"{base}/{path}")
        except OSError:
            continue  # in the index, but deleted
        if stat.S_ISREG(info.st_mode):
            entries.append(Entry(path, info.st_size, info.st_mtime_ns))
    return entries


def _walk(root: Path) -> list[Entry]:
    entries: list[Entry] = []
    todo: list[tuple[str, tuple[tuple[str, GitIgnoreSpec], ...]]] = [("", ())]
    while todo:
        folder, specs = todo.pop()
        specs = _with_ignore_file(root, folder, specs)
        try:
            found = list(os.scandir(root / folder))
        except OSError:
            continue
        for item in found:
            path = f"{folder}{item.name}"
            if item.is_dir(follow_symlinks=False):
                if item.name not in _NEVER and not _ignored(f"{path}/", specs):
                    todo.append((f"{path}/", specs))
            elif item.is_file(follow_symlinks=False) and not _ignored(path, specs):
                info = item.stat(follow_symlinks=False)
                entries.append(Entry(path, info.st_size, info.st_mtime_ns))
    return entries


def _with_ignore_file(
    root: Path, folder: str, specs: tuple[tuple[str, GitIgnoreSpec], ...]
) -> tuple[tuple[str, GitIgnoreSpec], ...]:
    ignore = root / folder / ".gitignore"
    try:
        if ignore.is_symlink() or not ignore.is_file():
            return specs
        from pathspec import GitIgnoreSpec  # here, because git's own list does without it

        lines = ignore.read_text(encoding="utf-8", errors="replace").splitlines()
        return (*specs, (folder, GitIgnoreSpec.from_lines(lines)))
    except (OSError, ValueError):
        return specs


def _ignored(path: str, specs: tuple[tuple[str, GitIgnoreSpec], ...]) -> bool:
    return any(spec.match_file(path[len(folder) :]) for folder, spec in specs)
