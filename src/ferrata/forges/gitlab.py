"""GitLab: its pipeline, and notes on its merge requests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ferrata.forges.base import Remark
from ferrata.forges.layouts import lay_out
from ferrata.forges.requests import Api

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ferrata.forges.base import Plan, Thread

__all__ = ["GitLab"]

_PAGE = 100
_TOKEN = "FERRATA_GITLAB_TOKEN"  # noqa: S105 - the variable's name


class GitLab:
    """GitLab, by a file that the project's own includes."""

    name = "gitlab"
    file = ".gitlab-ci.ferrata.yml"

    def pipeline(self, plan: Plan) -> str:
        """A job for maturity, one for prompts, one for each gate."""
        return lay_out("gitlab.yml.jinja", plan, reports="$CI_PROJECT_DIR/.ferrata-reports")

    def to_do(self, plan: Plan) -> Sequence[str]:
        """The include, variables, and a token for notes, which a job's own token may not write."""
        return [
            f"in .gitlab-ci.yml: include: {self.file}",
            *(f"the masked variable {one.name} (Settings, CI/CD, Variables): {one.why}" for one in plan.secrets),
            *(
                [f"the masked variable {_TOKEN}: a project access token with the scope api, for comments"]
                if plan.gates
                else []
            ),
        ]

    def is_here(self, environment: Mapping[str, str]) -> bool:
        """By GITLAB_CI."""
        return environment.get("GITLAB_CI") == "true"

    def thread(self, environment: Mapping[str, str]) -> Thread | str:
        """By CI_API_V4_URL, CI_PROJECT_ID, CI_MERGE_REQUEST_IID and FERRATA_GITLAB_TOKEN."""
        number = environment.get("CI_MERGE_REQUEST_IID", "")
        if not number.isdecimal():
            return "this is no merge request"
        token, url = environment.get(_TOKEN), environment.get("CI_API_V4_URL")
        project = environment.get("CI_PROJECT_ID")
        if not (token and url and project):
            return f"{_TOKEN} is not set, as in a merge request from a fork"
        return _Notes(url, token, f"/projects/{project}/merge_requests/{number}/notes")


class _Notes:
    def __init__(self, url: str, token: str, notes: str) -> None:
        self._api = Api(url, {"PRIVATE-TOKEN": token})
        self._notes = notes

    def remarks(self) -> list[Remark]:
        """The token's own notes, of all pages."""
        me = self._api.call("GET", "/user")["id"]
        found: list[Remark] = []
        page = 1
        while True:
            got = self._api.call("GET", self._notes, query={"per_page": str(_PAGE), "page": str(page)})
            found += [Remark(str(one["id"]), one.get("body") or "") for one in got if one["author"]["id"] == me]
            if len(got) < _PAGE:
                return found
            page += 1

    def add(self, text: str) -> None:
        """A note on the merge request."""
        self._api.call("POST", self._notes, {"body": text})

    def renew(self, remark: Remark, text: str) -> None:
        """The note by its number."""
        self._api.call("PUT", f"{self._notes}/{remark.id}", {"body": text})
