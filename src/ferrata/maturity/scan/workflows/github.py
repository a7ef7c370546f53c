"""GitHub Actions (and its clones): workflows and composite actions.

A literal `continue-on-error: true` makes a failure not count; an expression is taken to count, as it is false for most runs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ferrata.maturity.scan.lined_yaml import Table, Value, items_of, table_of, text_of, truth_of
from ferrata.maturity.scan.types import Step
from ferrata.maturity.scan.workflows.calls import commands_in
from ferrata.maturity.scan.workflows.shell import shell_steps
from ferrata.maturity.scan.workflows.triggers import order_triggers, with_environment

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["read_action", "read_github"]

_EVENTS = {
    "push": "push",
    "pull_request": "pull_request",
    "pull_request_target": "pull_request",
    "merge_group": "pull_request",
    "schedule": "schedule",
    "workflow_dispatch": "manual",
    "repository_dispatch": "manual",
    "release": "release",
}
_JAVASCRIPT = "actions/github-script"


def read_github(path: str, document: Value) -> Iterator[Step]:
    """The steps of a workflow."""
    root = table_of(document)
    on = _triggers(root.get("on"))
    for job in table_of(root.get("jobs")).values():
        job = table_of(job)
        if truth_of(job.get("if")) is False:
            continue
        environment = _environment(job.get("environment"))
        counts = truth_of(job.get("continue-on-error")) is not True
        if uses := text_of(job.get("uses")):
            yield from shell_steps(
                "\n".join(commands_in(job.get("with"))),
                uses=with_environment(uses, environment),
                line=job.key_lines["uses"],
                can_fail=counts,
                on=on,
            )
        yield from _steps(job.get("steps"), environment=environment, counts=counts, on=on)


def read_action(path: str, document: Value) -> Iterator[Step]:
    """The steps of a composite action; what triggers them is up to the workflows that use it."""
    runs = table_of(table_of(document).get("runs"))
    yield from _steps(runs.get("steps"), environment="", counts=True, on=())


def _triggers(value: Value | None) -> tuple[str, ...]:
    words: set[str] = set()
    if isinstance(value, Table):
        for event, detail in value.items():
            only_tags = (
                event == "push"
                and isinstance(detail, Table)
                and ("tags" in detail)
                and not ({"branches", "branches-ignore"} & set(detail))
            )
            words.add("release" if only_tags else _EVENTS.get(event, ""))
    else:
        words = {_EVENTS.get(text_of(event), "") for event in items_of(value)}
    return order_triggers(words)


def _environment(value: Value | None) -> str:
    return text_of(value.get("name")) if isinstance(value, Table) else text_of(value)


def _with_files(uses: str, inputs: Value | None) -> str:
    """The action with a mark where it is given files: a release with artefacts, not notes alone."""
    given = any(text_of(table_of(inputs).get(name)) for name in ("files", "artifacts", "artifact"))
    return f"{uses} with:files" if uses and given else uses


def _steps(value: Value | None, *, environment: str, counts: bool, on: tuple[str, ...]) -> Iterator[Step]:
    for item in items_of(value):
        step = table_of(item)
        if not step or truth_of(step.get("if")) is False:
            continue
        uses = text_of(step.get("uses"))
        run = "\n".join(text for text in (text_of(step.get("run")), *commands_in(step.get("with"))) if text)
        can_fail = counts and truth_of(step.get("continue-on-error")) is not True
        named = with_environment(_with_files(uses, step.get("with")), environment)
        if uses.startswith(_JAVASCRIPT):
            yield Step(run, named, step.line, can_fail, on)
        else:
            yield from shell_steps(run, uses=named, line=step.line, can_fail=can_fail, on=on)
