"""The commit and the web address of a checkout, read from git's own files without running hooks.

Knows nothing of assessments.
"""

from __future__ import annotations

import os
import re
import subprocess
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["head_commit", "is_bare", "line_links", "tracks"]

_REMOTE = re.compile(
    r"^(?:(?:https?|ssh|git)://(?:[^/@]*@)?(?P<host>[\w.-]+)(?::\d+)?/|(?:[^/@:]+@)?(?P<scp>[\w.-]+):(?!//))"
    r"(?P<path>[\w./~-]+?)(?:\.git)?/?$"
)
_VIEWS = {"github.com": "blob", "gitlab.com": "-/blob", "bitbucket.org": "src"}
# What git is told by whoever calls us (a hook, say) is about another repository.
_ABOUT_ANOTHER = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_COMMON_DIR", "GIT_NAMESPACE")


def head_commit(root: Path) -> str | None:
    """The commit that is checked out; None where there is no git or no commit."""
    return _git(root, "rev-parse", "--verify", "--quiet", "HEAD")


def line_links(root: Path, commit: str | None) -> Callable[[str, int], str | None]:
    """A function from file and line to its address on the repository's host; credentials in the remote are dropped."""
    remote = _git(root, "config", "--get", "remote.origin.url") if commit else None
    match = _REMOTE.match(remote or "")
    prefix = _git(root, "rev-parse", "--show-prefix") or "" if match else ""
    host = (match["host"] or match["scp"]).lower() if match else ""
    if match is None or host not in _VIEWS:
        return lambda _file, _line: None
    mark = "lines-" if host == "bitbucket.org" else "L"
    base = f"https://{host}/{match['path'].strip('/')}/{_VIEWS[host]}/{commit}/{quote(prefix, errors='replace')}"
    return lambda file, line: f"{base}{quote(file, errors='replace')}#{mark}{line}"


def is_bare(root: Path) -> bool:
    """Whether a folder is a bare git repository, which has no files to read."""
    return (root / "HEAD").is_file() and (root / "objects").is_dir() and (root / "refs").is_dir()


def tracks(root: Path, path: str) -> bool:
    """Whether git has a file at or below `path` under version control: it came with the repository."""
    return _git(root, "ls-files", "--cached", "-z", "--", path) is not None


def _git(root: Path, *words: str) -> str | None:
    try:
        done = subprocess.run(  # noqa: S603 - fixed words; nothing of the repository's configuration is run by them
            [  # noqa: S607 - whichever git the user has
                "git",
                "-c",
                "core.fsmonitor=false",
                "-c",
                "core.hooksPath=/dev/null",
                *words,
            ],
            cwd=root,
            capture_output=True,
            timeout=20,
            check=False,
            env={name: value for name, value in os.environ.items() if name not in _ABOUT_ANOTHER},
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.decode("utf-8", "replace").strip() or None if done.returncode == 0 else None
