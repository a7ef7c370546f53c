"""Azure DevOps: its pipeline, and comments on pull requests of Azure Repos."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from ferrata.forges.base import Remark
from ferrata.forges.layouts import lay_out
from ferrata.forges.requests import Api

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ferrata.forges.base import Plan, Thread

__all__ = ["Azure"]

_VERSION = {"api-version": "7.1"}
_TEXT, _CLOSED = 1, 4


class Azure:
    """Azure Pipelines."""

    name = "azure"
    file = "azure-pipelines-ferrata.yml"

    def pipeline(self, plan: Plan) -> str:
        """A pipeline of one job."""
        return lay_out("azure.yml.jinja", plan, reports="$AGENT_TEMPDIRECTORY/ferrata")

    def to_do(self, plan: Plan) -> Sequence[str]:
        """The pipeline, its policy, secrets, and the right to comment."""
        return [
            f"a pipeline of the file {self.file} (Pipelines, New pipeline), and a build validation policy for {plan.branch}",
            *(f"the secret variable {one.name} (Edit, Variables): {one.why}" for one in plan.secrets),
            *(["the right to contribute to pull requests for the build service, for comments"] if plan.gates else []),
        ]

    def is_here(self, environment: Mapping[str, str]) -> bool:
        """By TF_BUILD."""
        return environment.get("TF_BUILD", "").lower() == "true"

    def thread(self, environment: Mapping[str, str]) -> Thread | str:
        """By the variables of a build, and SYSTEM_ACCESSTOKEN, which a step must be given."""
        number = environment.get("SYSTEM_PULLREQUEST_PULLREQUESTID", "")
        if not number.isdecimal():
            return "this is no pull request"
        token, url = environment.get("SYSTEM_ACCESSTOKEN"), environment.get("SYSTEM_COLLECTIONURI")
        project, repository = environment.get("SYSTEM_TEAMPROJECTID"), environment.get("BUILD_REPOSITORY_ID")
        if not (token and url and project and repository):
            return "SYSTEM_ACCESSTOKEN is not set"
        where = f"/{quote(project, safe='')}/_apis/git/repositories/{quote(repository, safe='')}"
        return _Threads(url, token, f"{where}/pullRequests/{number}/threads")


class _Threads:
    """A thread for each report, with one comment; it is closed, as nobody has to answer it."""

    def __init__(self, url: str, token: str, threads: str) -> None:
        self._api = Api(url, {"Authorization": f"Bearer {token}"})
        self._threads = threads

    def remarks(self) -> list[Remark]:
        """First comments of threads that the token's owner began."""
        me = self._api.call("GET", "/_apis/connectionData")["authenticatedUser"]["id"]
        got = self._api.call("GET", self._threads, query=_VERSION)["value"]
        firsts = [(one["id"], one["comments"][0]) for one in got if one.get("comments") and not one.get("isDeleted")]
        return [
            Remark(f"{thread}/comments/{first['id']}", first.get("content") or "")
            for thread, first in firsts
            if first["author"]["id"] == me and not first.get("isDeleted")
        ]

    def add(self, text: str) -> None:
        """A closed thread with one comment."""
        comments = [{"parentCommentId": 0, "content": text, "commentType": _TEXT}]
        self._api.call("POST", self._threads, {"comments": comments, "status": _CLOSED}, query=_VERSION)

    def renew(self, remark: Remark, text: str) -> None:
        """The first comment of its thread."""
        self._api.call("PATCH", f"{self._threads}/{remark.id}", {"content": text}, query=_VERSION)
