"""Which files are CI workflows, and which reader reads them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from ferrata.maturity.scan.lined_yaml import Value, load_documents
from ferrata.maturity.scan.workflows.azure import read_azure
from ferrata.maturity.scan.workflows.github import read_action, read_github
from ferrata.maturity.scan.workflows.gitlab import read_gitlab
from ferrata.maturity.scan.workflows.others import read_bitbucket, read_circle, read_jenkins

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ferrata.maturity.scan.types import Step

__all__ = ["is_workflow", "read_steps"]


class _Vendor(NamedTuple):
    paths: re.Pattern[str]
    read: Callable[[str, Value], Iterable[Step]]


_VENDORS = (
    _Vendor(re.compile(r"(?:^|/)\.(?:github|gitea|forgejo)/workflows/[^/]+\.ya?ml$"), read_github),
    _Vendor(re.compile(r"(?:^|/)\.github/actions/(?:.+/)?action\.ya?ml$"), read_action),
    _Vendor(
        re.compile(
            r"(?:^|/)[\w.-]*azure-?pipelines?[\w.-]*\.ya?ml$"
            r"|(?:^|/)\.?azure-?pipelines?/.+\.ya?ml$"
            r"|(?:^|/)\.(?:azuredevops|azdo|ado|pipelines)/.+\.ya?ml$",
            re.I,
        ),
        read_azure,
    ),
    _Vendor(
        re.compile(r"(?:^|/)(?:[\w.-]*\.)?gitlab-ci[\w.-]*\.ya?ml$|(?:^|/)\.gitlab/(?:ci|pipelines)/.+\.ya?ml$"),
        read_gitlab,
    ),
    _Vendor(re.compile(r"(?:^|/)\.circleci/[^/]+\.ya?ml$"), read_circle),
    _Vendor(re.compile(r"(?:^|/)bitbucket-pipelines\.ya?ml$"), read_bitbucket),
)
_JENKINSFILE = re.compile(r"(?:^|/)(?:Jenkinsfile(?:\.[\w-]+)?|[\w-]+\.[Jj]enkinsfile)$")


def is_workflow(path: str) -> bool:
    """Whether the file at `path` (with `/`, from the root) is a CI workflow, pipeline, template or composite action."""
    if path.lower().endswith((".yml", ".yaml")):
        return any(vendor.paths.search(path) for vendor in _VENDORS)
    return "enkinsfile" in path and _JENKINSFILE.search(path) is not None


def read_steps(path: str, text: str) -> list[Step]:
    """The steps of a CI file in the order of their lines; none where it cannot be read.

    `uses` is the action, task, pipe, orb or template, with ` environment:NAME` where the step deploys to one. `on` is empty
    for what only runs when something else calls it (composite actions, reusable workflows, templates).
    """
    if _JENKINSFILE.search(path):
        return list(read_jenkins(text))
    for vendor in _VENDORS:
        if vendor.paths.search(path):
            steps = (step for document in load_documents(text) for step in vendor.read(path, document))
            return sorted(dict.fromkeys(steps), key=lambda step: step.line)
    return []
