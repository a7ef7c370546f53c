"""Shell commands as CI sees them: whose failure counts, and what the scripts they call run.

Reads text only and knows no quoting beyond line continuations, so a command that is merely echoed looks like one that is run.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ferrata.maturity.scan.types import Step

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["logical_lines", "resolve", "shell_steps"]

MAX_SCRIPT_DEPTH = 3
MAX_RUN_CHARS = 50_000

_SWALLOWS = re.compile(
    r"\|\|\s*(?:true\b|:(?=\s|;|$)|/bin/true\b|exit\s+0\b|echo\b(?!.*(?:exit\s+[1-9$]|\bfalse\b)))|;\s*(?:true|exit\s+0)\s*$"
)
_NO_ERREXIT = re.compile(r"^\s*set\s+\+e\b|^\s*\$ErrorActionPreference\s*=\s*['\"](?:Silently)?Continue", re.M)
_EXITS_WITH_STATUS = re.compile(r"\bexit\s+[\"']?(?:\$|[1-9])|\bset\s+-[a-z]*e")

_FLAGS = r"(?:\s+(?:-C|--prefix|--cwd|--dir|--filter|-F|-w|--workspace|-f|--file|--project|--package|--directory)[ =]\S+|\s+-[\w.-]*+(?:=\S+)?)*+"
_CALL = re.compile(
    r"(?:^|[\s;&|(`\"'])"
    r"(?:"
    rf"(?P<node>npm|pnpm|yarn|bun|turbo){_FLAGS}(?:\s+workspace\s+\S+)?(?:\s+run(?:-script)?)?{_FLAGS}\s+(?P<node_names>[\w:.@/-]+)"
    rf"|(?P<make>make|\$\(MAKE\)|gmake){_FLAGS}(?P<make_names>(?:\s+[\w./:=-]+)+)"
    rf"|(?P<one>just|task|go-task|poe|composer){_FLAGS}(?:\s+run(?:-script)?)?{_FLAGS}\s+(?P<one_name>[\w:.-]+)"
    rf"|(?P<py>pdm|hatch|rye|pixi){_FLAGS}\s+run{_FLAGS}\s+(?P<py_name>[\w:.-]+)"
    r")"
)
_MAX_LINE = 4_000
_TOOL = {
    "$(MAKE)": "make",
    "gmake": "make",
    "go-task": "task",
    "pnpm": "npm",
    "yarn": "npm",
    "bun": "npm",
    "turbo": "npm",
}


def logical_lines(run: str) -> list[str]:
    """The lines of a script, continued lines joined, comments and empty lines left out."""
    joined = re.sub(r"(?<![ \t])[ \t]*(?:\\|`)\r?\n[ \t]*", " ", run)
    return [line for line in joined.splitlines() if line.strip() and not line.lstrip().startswith("#")]


def shell_steps(run: str, *, uses: str, line: int, can_fail: bool, on: tuple[str, ...]) -> Iterator[Step]:
    """The step; two where some of its lines swallow their failure and others do not, so that each says what is true of it."""
    run = run[:MAX_RUN_CHARS].strip()
    if not can_fail or (_NO_ERREXIT.search(run) and not _EXITS_WITH_STATUS.search(run)):
        yield Step(run, uses, line, can_fail=False, on=on)
        return
    lines = logical_lines(run)
    swallowed = [text for text in lines if _swallows(text)]
    if not swallowed:
        yield Step(run, uses, line, can_fail=True, on=on)
        return
    counted = [text for text in lines if not _swallows(text)]
    if counted:
        yield Step("\n".join(counted), uses, line, can_fail=True, on=on)
    yield Step("\n".join(swallowed), uses, line, can_fail=False, on=on)


def resolve(step: Step, scripts: Mapping[str, str]) -> Step:
    """The step with the text of the scripts that it calls appended, three calls deep, each once.

    Args:
        step: as `read_steps` gave it.
        scripts: as `read_scripts` gave them, keyed `TOOL NAME` (`npm test`, `make eval`).

    Returns:
        The step; its failure no longer counts where every script that it calls itself swallows its own.
    """
    seen: set[str] = set()
    texts = [step.run]
    fresh = _called(step.run, scripts)
    swallow = bool(fresh) and all(_swallows_all(scripts[key]) for key in fresh) and len(logical_lines(step.run)) == 1
    for _ in range(MAX_SCRIPT_DEPTH):
        fresh = [key for key in dict.fromkeys(fresh) if key not in seen]
        if not fresh or sum(map(len, texts)) > MAX_RUN_CHARS:
            break
        seen.update(fresh)
        texts += [scripts[key] for key in fresh]
        fresh = [key for called in fresh for key in _called(scripts[called], scripts)]
    if len(texts) == 1:
        return step
    return step._replace(run="\n".join(texts)[: 2 * MAX_RUN_CHARS], can_fail=step.can_fail and not swallow)


def _swallows(line: str) -> bool:
    return len(line) <= _MAX_LINE and _SWALLOWS.search(line) is not None


def _swallows_all(script: str) -> bool:
    lines = logical_lines(script)
    return bool(lines) and all(map(_swallows, lines))


def _called(run: str, scripts: Mapping[str, str]) -> list[str]:
    """The keys of the scripts that a text calls, in its order."""
    return [
        key
        for line in logical_lines(run[:MAX_RUN_CHARS])
        if len(line) <= _MAX_LINE
        for key in _calls_of(line)
        if key in scripts
    ]


def _calls_of(line: str) -> Iterator[str]:
    for match in _CALL.finditer(line):
        tool = match["node"] or match["make"] or match["one"] or match["py"]
        names = match["node_names"] or match["make_names"] or match["one_name"] or match["py_name"]
        for name in names.split():
            if "=" not in name and not name.startswith("-"):
                yield f"{_TOOL.get(tool, tool)} {name}"
