"""What lines of scripts, workflows, requirements and the like say of Prompt Flow: by patterns, and commands of `pf` word by word."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ferrata.flows.audit.rules import audit_rules, fitting
from ferrata.flows.audit.types import Statement, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["statements_of_lines"]

_COMMAND = re.compile(
    r"(?:^|[\s;&|(`!$\"'])pf[ ,\"']+(flow|run|connection|tool|trace|service|config|upgrade)(?:[ ,\"']+([a-z][a-z-]*))?(?![\w(.])"
)
_WITH_COMMANDS = ("script", "ci", "notebook", "docker", "python")
_INSTALL = re.compile(r"(?<!echo )\b(?:pip3?|pipx|uv|poetry|conda|mamba)\b[^|;&]* (?:install|add)\b")
_COMMENT = re.compile(r"^\s*(?:#|//)(?!!)")


def statements_of_lines(lines: Iterable[tuple[int, str]], file: str, kind: str) -> list[Statement]:
    """What is to be said of the lines of a file.

    Args:
        lines: number, from 1, and text.
        file: for the statements.
        kind: of the file, as the rules call it.
    """
    rules = [rule for rule in audit_rules().patterns if kind in rule.files]
    found: list[Statement] = []
    going_on = installing = False
    for number, line in lines:
        if _COMMENT.match(line):
            continue
        installing = (installing and going_on) or _INSTALL.search(line) is not None
        going_on = line.rstrip().endswith(("\\", "`"))
        for rule in rules:
            if rule.matches(line, kind, installing=installing):
                found.append(Statement(rule.verdict, file, number, f"{_short(line)}: {rule.what}", rule.change))
        if kind in _WITH_COMMANDS:
            found += _commands(line, number, file, kind)
    return found


def _commands(line: str, number: int, file: str, kind: str) -> list[Statement]:
    found: list[Statement] = []
    for match in _COMMAND.finditer(line):
        if kind == "python" and not re.match(r"[\"'(\s]", match[0]):
            continue
        words = " ".join(word for word in match.groups() if word)
        fate = fitting(audit_rules().commands, words, separator=" ")
        if fate is None:
            if kind == "python":
                continue  # likely prose
            found.append(Statement(Verdict.GONE, file, number, f"pf {words}: has no counterpart", "take the line out"))
        else:
            found.append(Statement(fate.verdict, file, number, f"pf {words}", fate.change))
    return found


def _short(line: str) -> str:
    text = " ".join(line.split()).strip(",")
    return text if len(text) <= 60 else text[:59] + "…"
