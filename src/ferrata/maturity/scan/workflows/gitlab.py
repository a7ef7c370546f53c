"""GitLab CI: `.gitlab-ci.yml` and the files that it includes.

`extends` is followed within the file. Hidden jobs (`.name`) count in included files only, where others extend them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ferrata.maturity.scan.lined_yaml import Items, Table, Value, items_of, table_of, text_of, texts_of, truth_of
from ferrata.maturity.scan.workflows.shell import shell_steps
from ferrata.maturity.scan.workflows.triggers import order_triggers, with_environment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ferrata.maturity.scan.types import Step

__all__ = ["read_gitlab"]

_NO_JOBS = frozenset(
    {
        "default",
        "workflow",
        "stages",
        "variables",
        "include",
        "image",
        "services",
        "cache",
        "spec",
        "before_script",
        "after_script",
    }
)
_MAX_EXTENDS = 8
_UNEQUAL = re.compile(r"\$\w+\s*!=\s*(?:\"[^\"]*\"|'[^']*'|\S+)")
_WORDS = (
    ("pull_request", re.compile(r"merge_request|CI_MERGE_REQUEST|external_pull_request")),
    ("schedule", re.compile(r"\bschedules?\b")),
    ("release", re.compile(r"CI_COMMIT_TAG|\btags\b")),
    ("manual", re.compile(r"[\"']web[\"']|^web$|[\"']api[\"']")),
    (
        "push",
        re.compile(
            r"[\"']push[\"']|^pushes$|CI_COMMIT_BRANCH|CI_DEFAULT_BRANCH|CI_COMMIT_REF_NAME|CI_COMMIT_REF_SLUG|^branches$"
        ),
    ),
)


def read_gitlab(path: str, document: Value) -> Iterator[Step]:
    """One step for each job's script, and one for each component or template that is included."""
    root = table_of(document)
    hidden_counts = not path.endswith(("/.gitlab-ci.yml", "/.gitlab-ci.yaml")) and path not in {
        ".gitlab-ci.yml",
        ".gitlab-ci.yaml",
    }
    default = table_of(root.get("default"))
    workflow = _rules(table_of(root.get("workflow")).get("rules")) or ("push",)
    for item in items_of(root.get("include")):
        included = table_of(item)
        if name := text_of(included.get("component")) or text_of(included.get("template")):
            yield from shell_steps("", uses=name, line=included.line, can_fail=True, on=workflow)
    for name, value in root.items():
        if name in _NO_JOBS or not isinstance(value, Table) or (name.startswith(".") and not hidden_counts):
            continue
        job = _extended(value, root, depth=0)
        before = job.get("before_script", default.get("before_script", root.get("before_script")))
        run = "\n".join(texts_of(before) + texts_of(job.get("script")))
        on = _job_triggers(job, workflow)
        if not texts_of(job.get("script")) or text_of(job.get("when")) == "never":
            continue
        environment = job.get("environment")
        uses = with_environment(
            "", text_of(environment.get("name")) if isinstance(environment, Table) else text_of(environment)
        )
        yield from shell_steps(run, uses=uses, line=root.key_lines.get(name, value.line), can_fail=_counts(job), on=on)


def _extended(job: Table, root: Table, *, depth: int) -> Table:
    bases = texts_of(job.get("extends"))
    if not bases or depth >= _MAX_EXTENDS:
        return job
    whole = Table()
    whole.line = job.line
    for base in bases[:_MAX_EXTENDS]:
        whole.update(_extended(table_of(root.get(base)), root, depth=depth + 1))
    whole.update(job)
    return whole


def _counts(job: Table) -> bool:
    """A job started by hand is allowed to fail unless it says otherwise; so is a set of exit codes."""
    allowed = job.get("allow_failure")
    if isinstance(allowed, Table):
        return False
    if truth_of(allowed) is not None:
        return not truth_of(allowed)
    return text_of(job.get("when")) != "manual"


def _job_triggers(job: Table, workflow: tuple[str, ...]) -> tuple[str, ...]:
    if text_of(job.get("when")) == "manual":
        return ("manual",)
    if "rules" in job:
        return _rules(job.get("rules")) or workflow
    only = job.get("only")
    if only is None:
        return workflow
    refs = (
        texts_of(table_of(only).get("refs")) + texts_of(table_of(only).get("variables"))
        if isinstance(only, Table)
        else texts_of(only)
    )
    words = {word for ref in refs for word in _words(ref) or ("push",)}
    return order_triggers(words) or workflow


def _rules(value: Value | None) -> tuple[str, ...]:
    words: set[str] = set()
    for item in value if isinstance(value, Items) else ():
        if isinstance(item, Items):
            words.update(_rules(item))
            continue
        rule = table_of(item)
        if text_of(rule.get("when")) == "manual":
            words.add("manual")
        elif text_of(rule.get("when")) != "never":
            words.update(_words(text_of(rule.get("if"))))
    return order_triggers(words)


def _words(condition: str) -> list[str]:
    positive = _UNEQUAL.sub("", condition)
    return [word for word, pattern in _WORDS if pattern.search(positive)]
