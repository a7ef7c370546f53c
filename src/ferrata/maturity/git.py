"""The commit and the web address of a checkout, read from git's own files without running hooks.

Knows nothing of assessments.
"""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["head_commit", "line_links"]

_REMOTE = re.compile(
    r"^(?:https?://(?:[^/@]*@)?|ssh://git@|git@)(?P<host>[\w.-]+)[/:](?P<path>[\w./~-]+?)(?:\.git)?/?$"
)


def head_commit(root: Path) -> str | None:
    """The commit that is checked out; None where there is no git or no commit."""
    return _git(root, "rev-parse", "--verify", "--quiet", "HEAD")


def line_links(root: Path, commit: str | None) -> Callable[[str, int], str | None]:
    """A function from file and line to its address on the repository's host; credentials in the remote are dropped."""
    remote = _git(root, "config", "--get", "remote.origin.url") if commit else None
    match = _REMOTE.match(remote or "")
    prefix = _git(root, "rev-parse", "--show-prefix") or "" if match else ""
    if match is None or match["host"] not in ("github.com", "gitlab.com", "bitbucket.org"):
        return lambda _file, _line: None
    view = {"github.com": "blob", "gitlab.com": "-/blob", "bitbucket.org": "src"}[match["host"]]
    mark = "lines-" if match["host"] == "bitbucket.org" else "L"
    base = f"https://{match['host']}/{match['path']}/{view}/{commit}/{quote(prefix)}"
    return lambda file, line: f"{base}{quote(file, errors='replace')}#{mark}{line}"


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
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.decode("utf-8", "replace").strip() or None if done.returncode == 0 else None
