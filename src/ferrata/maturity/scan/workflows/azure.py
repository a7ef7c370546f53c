"""Azure Pipelines: pipelines and templates.

Steps are found wherever they are nested: stages, jobs, deployment strategies, `${{ if }}` insertions. Branch policies, which start
most validation builds of Azure Repos, are kept outside of the file; a pull request trigger is only claimed where it is written.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from ferrata.maturity.scan.lined_yaml import Items, Table, Value, items_of, table_of, text_of, texts_of, truth_of
from ferrata.maturity.scan.workflows.calls import commands_in
from ferrata.maturity.scan.workflows.shell import shell_steps
from ferrata.maturity.scan.workflows.triggers import order_triggers, with_environment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ferrata.maturity.scan.types import Step

__all__ = ["read_azure"]

_SHELLS = ("script", "bash", "pwsh", "powershell")
_STEP_KEYS = ("task", "template", *_SHELLS)
_CHILDREN = ("stages", "jobs", "steps", "extends", "strategy", "parameters")
_PHASES = (
    "runOnce",
    "canary",
    "rolling",
    "preDeploy",
    "deploy",
    "routeTraffic",
    "postRouteTraffic",
    "on",
    "success",
    "failure",
)
_FILES = ("scriptPath", "filePath", "scriptSource", "scriptFile")
_PREFIXES = {"npm": "npm", "dotnetcorecli": "dotnet", "maven": "mvn", "gradle": "gradle"}
_BUILD_REASON = re.compile(r"Build\.Reason['\"]?\]?\s*,\s*'PullRequest'", re.I)
_TEMPLATE = re.compile(r"template", re.I)


class _Place(NamedTuple):
    environment: str
    counts: bool
    on: tuple[str, ...]


def read_azure(path: str, document: Value) -> Iterator[Step]:
    """The steps of a pipeline or a template; a template has no triggers of its own."""
    yield from _walk(document, _Place("", counts=True, on=_triggers(path, table_of(document))))


def _triggers(path: str, root: Table) -> tuple[str, ...]:
    if _TEMPLATE.search(path) or (
        items_of(root.get("parameters")) and not {"trigger", "pr", "schedules", "extends"} & set(root)
    ):
        return ()
    words: set[str] = set()
    trigger = root.get("trigger")
    if text_of(trigger) != "none":
        tags = isinstance(trigger, Table) and "tags" in trigger and "branches" not in trigger
        words.add("release" if tags else "push")
    pull_request = root.get("pr")
    if (pull_request is not None and text_of(pull_request) != "none") or _mentions_pull_request(root):
        words.add("pull_request")
    if items_of(root.get("schedules")):
        words.add("schedule")
    return order_triggers(words or {"manual"})


def _mentions_pull_request(value: Value) -> bool:
    """Whether a condition asks for a pull request's build."""
    if isinstance(value, Table):
        return any(
            (key == "condition" and _BUILD_REASON.search(text_of(child)) is not None)
            or (key.startswith("${{") and _BUILD_REASON.search(key) is not None)
            or _mentions_pull_request(child)
            for key, child in value.items()
        )
    return isinstance(value, Items) and any(_mentions_pull_request(child) for child in value)


def _walk(value: Value | None, place: _Place) -> Iterator[Step]:
    if isinstance(value, Items):
        for item in value:
            yield from _walk(item, place)
    if (
        not isinstance(value, Table)
        or truth_of(value.get("condition")) is False
        or truth_of(value.get("enabled")) is False
    ):
        return
    place = _Place(
        _environment(value.get("environment")) or place.environment,
        place.counts and truth_of(value.get("continueOnError")) is not True,
        place.on,
    )
    if any(text_of(value.get(key)) for key in _STEP_KEYS):
        yield from _step(value, place)
    for key, child in value.items():
        if key in _CHILDREN or key in _PHASES or key.startswith("${{"):
            yield from _walk(child, place)


def _environment(value: Value | None) -> str:
    return text_of(value.get("name")) if isinstance(value, Table) else text_of(value)


def _step(step: Table, place: _Place) -> Iterator[Step]:
    inputs = table_of(step.get("inputs"))
    task = text_of(step.get("task"))
    script = "\n".join(text_of(step.get(shell)) for shell in _SHELLS if step.get(shell))
    runs = [
        *(commands_in(step.get("parameters")) if "template" in step else []),
        script,
        _command(task, inputs),
        text_of(inputs.get("script")),
        text_of(inputs.get("inlineScript")),
        text_of(inputs.get("Inline")),
    ]
    runs += [
        " ".join(filter(None, (text_of(inputs.get(name)), _arguments(inputs))))
        for name in _FILES
        if "." in text_of(inputs.get(name))
    ]
    yield from shell_steps(
        "\n".join(run for run in runs if run),
        uses=with_environment(task or text_of(step.get("template")), place.environment),
        line=step.line,
        can_fail=place.counts,
        on=place.on,
    )


def _arguments(inputs: Table) -> str:
    return " ".join(texts_of(inputs.get("arguments")) + texts_of(inputs.get("scriptArguments")))


def _command(task: str, inputs: Table) -> str:
    """What a task for a tool runs: `npm run eval` for Npm@1 with that custom command."""
    tool = _PREFIXES.get(task.partition("@")[0].lower())
    if not tool:
        return ""
    command = (
        text_of(inputs.get("customCommand"))
        or text_of(inputs.get("command"))
        or text_of(inputs.get("goals"))
        or text_of(inputs.get("tasks"))
    )
    return f"{tool} {'' if command == 'custom' else command} {text_of(inputs.get('projects'))} {_arguments(inputs)}".strip()
