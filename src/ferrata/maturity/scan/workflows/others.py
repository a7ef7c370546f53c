"""CircleCI, Bitbucket Pipelines and Jenkinsfiles."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ferrata.maturity.scan.lined_yaml import Items, Table, Text, Value, items_of, table_of, text_of, texts_of
from ferrata.maturity.scan.workflows.shell import shell_steps
from ferrata.maturity.scan.workflows.triggers import order_triggers, with_environment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ferrata.maturity.scan.types import Step

__all__ = ["read_bitbucket", "read_circle", "read_jenkins"]

_MAX_COMMANDS = 5
_BITBUCKET = {
    "default": "push",
    "branches": "push",
    "pull-requests": "pull_request",
    "tags": "release",
    "custom": "manual",
}
_JENKINS_STEP = re.compile(
    r"\b(?:sh|bat|powershell|pwsh)\b\s*\(?\s*(?P<before>(?:\w+\s*:\s*(?:true|false|'[^'\n]*'|\"[^\"\n]*\")\s*,\s*){0,4})(?:script\s*:\s*)?"
    r"(?P<text>'''.*?'''|\"\"\".*?\"\"\"|'(?:[^'\\\n]|\\.)*'|\"(?:[^\"\\\n]|\\.)*\")(?P<after>[^\n)]*)",
    re.S,
)
_JENKINS_COMMENT = re.compile(r"^[ \t]*//.*$", re.M)


def read_circle(path: str, document: Value) -> Iterator[Step]:
    """The steps of the jobs, with commands of the same file in their place."""
    root = table_of(document)
    commands = table_of(root.get("commands"))
    starts = _circle_starts(root)
    for name, value in table_of(root.get("jobs")).items():
        for step in _circle_steps(table_of(value).get("steps"), commands, depth=0):
            line, run, uses = step
            yield from shell_steps(
                run, uses=uses, line=line, can_fail=True, on=starts.get(name, () if starts else ("push",))
            )


def _circle_starts(root: Table) -> dict[str, tuple[str, ...]]:
    """Job -> what starts the workflows that name it."""
    starts: dict[str, set[str]] = {}
    for value in table_of(root.get("workflows")).values():
        workflow = table_of(value)
        scheduled = any("schedule" in table_of(trigger) for trigger in items_of(workflow.get("triggers")))
        for item in items_of(workflow.get("jobs")):
            for name, options in {text_of(item): None}.items() if isinstance(item, Text) else table_of(item).items():
                filters = table_of(table_of(options).get("filters"))
                tagged = "tags" in filters and "ignore" in table_of(filters.get("branches"))
                starts.setdefault(name, set()).add("schedule" if scheduled else "release" if tagged else "push")
    return {name: order_triggers(words) for name, words in starts.items()}


def _circle_steps(value: Value | None, commands: Table, *, depth: int) -> Iterator[tuple[int, str, str]]:
    for item in items_of(value):
        if isinstance(item, Text):
            name, options, line = str(item), None, item.line
        elif isinstance(item, Table) and item:
            name, options = next(iter(item.items()))
            line = item.line
        else:
            continue
        if name == "run":
            yield line, text_of(options) or text_of(table_of(options).get("command")), ""
        elif name in ("when", "unless"):
            yield from _circle_steps(table_of(options).get("steps"), commands, depth=depth)
        elif name in commands and depth < _MAX_COMMANDS:
            yield from _circle_steps(table_of(commands[name]).get("steps"), commands, depth=depth + 1)
        else:
            yield line, text_of(table_of(options).get("command")), name


def read_bitbucket(path: str, document: Value) -> Iterator[Step]:
    """One step for each step's script, and one for each pipe in it."""
    for section, value in table_of(table_of(document).get("pipelines")).items():
        yield from _bitbucket(value, on=(_BITBUCKET.get(section, "push"),), environment="")


def _bitbucket(value: Value, *, on: tuple[str, ...], environment: str) -> Iterator[Step]:
    if isinstance(value, Items):
        for item in value:
            yield from _bitbucket(item, on=on, environment=environment)
    if not isinstance(value, Table):
        return
    environment = text_of(value.get("deployment")) or environment
    if "script" in value:
        commands = [text_of(item) for item in items_of(value.get("script")) if text_of(item)]
        uses = with_environment("", environment)
        counts = text_of(table_of(value.get("on-fail")).get("strategy")) != "ignore"
        if commands:
            yield from shell_steps("\n".join(commands), uses=uses, line=value.line, can_fail=counts, on=on)
        for item in items_of(value.get("script")):
            if pipe := text_of(table_of(item).get("pipe")):
                given = "\n".join(texts_of(table_of(table_of(item).get("variables")).get("COMMAND")))
                yield from shell_steps(
                    given, uses=with_environment(pipe, environment), line=table_of(item).line, can_fail=counts, on=on
                )
        return
    for child in value.values():
        yield from _bitbucket(child, on=on, environment=environment)


def read_jenkins(text: str) -> Iterator[Step]:
    """The shell steps that are written as literals."""
    text = _JENKINS_COMMENT.sub("", text[:500_000])
    words = {"push"}
    if re.search(r"\bchangeRequest\s*\(|\bCHANGE_ID\b|\bghprb", text):
        words.add("pull_request")
    if re.search(r"\bcron\s*\(?\s*['\"]", text):
        words.add("schedule")
    if re.search(r"\bbuildingTag\s*\(", text):
        words.add("release")
    on = order_triggers(words)
    for match in _JENKINS_STEP.finditer(text):
        quoted = match["text"]
        marks = 3 if quoted[:3] in ("'''", '"""') else 1
        counts = "returnStatus: true" not in re.sub(r"\s*:\s*", ": ", match["before"] + match["after"])
        line = text.count("\n", 0, match.start()) + 1
        yield from shell_steps(quoted[marks:-marks], uses="", line=line, can_fail=counts, on=on)
