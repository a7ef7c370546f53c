"""GitHub: its workflow, and comments on its pull requests."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ferrata.forges.base import Remark
from ferrata.forges.layouts import lay_out
from ferrata.forges.requests import Api

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ferrata.forges.base import Plan, Thread

__all__ = ["GitHub"]

_API = "https://api.github.com"
_PAGE = 100


class GitHub:
    """GitHub and GitHub Enterprise, by Actions."""

    name = "github"
    file = ".github/workflows/ferrata.yml"

    def pipeline(self, plan: Plan) -> str:
        """A workflow of one job."""
        return lay_out("github.yml.jinja", plan, reports="$RUNNER_TEMP/ferrata")

    def to_do(self, plan: Plan) -> Sequence[str]:
        """Secrets of the repository."""
        secrets = [
            f"the secret {one.name} (Settings, Secrets and variables, Actions): {one.why}" for one in plan.secrets
        ]
        forks = (
            ["nothing for pull requests from forks: they get no secrets, so gates do not run there"] if secrets else []
        )
        return [*secrets, *forks, "code scanning, or leave out the step that uploads SARIF (private repositories)"]

    def is_here(self, environment: Mapping[str, str]) -> bool:
        """By GITHUB_ACTIONS."""
        return environment.get("GITHUB_ACTIONS") == "true"

    def thread(self, environment: Mapping[str, str]) -> Thread | str:
        """By GITHUB_REF (`refs/pull/N/merge`), GITHUB_REPOSITORY, GITHUB_TOKEN and GITHUB_API_URL."""
        number = re.match(r"refs/pull/(\d+)/", environment.get("GITHUB_REF", ""))
        if number is None:
            return "this is no pull request"
        token, repository = environment.get("GITHUB_TOKEN"), environment.get("GITHUB_REPOSITORY")
        if not token or not repository:
            return "GITHUB_TOKEN is not set, as in a pull request from a fork"
        return _Comments(environment.get("GITHUB_API_URL") or _API, token, f"/repos/{repository}/issues", number[1])


def _by_a_bot(comment: dict[str, Any]) -> bool:
    author: dict[str, Any] = comment.get("user") or {}
    return author.get("type") == "Bot"


class _Comments:
    """Comments by bots only: a person's comment with our first line stays theirs."""

    def __init__(self, url: str, token: str, issues: str, number: str) -> None:
        headers = {"Authorization": f"Bearer {token}", "X-GitHub-Api-Version": "2022-11-28"}
        self._api = Api(url, headers)
        self._issues, self._number = issues, number

    def remarks(self) -> list[Remark]:
        """All pages."""
        found: list[Remark] = []
        page = 1
        while True:
            query = {"per_page": str(_PAGE), "page": str(page)}
            got = self._api.call("GET", f"{self._issues}/{self._number}/comments", query=query)
            found += [Remark(str(one["id"]), one.get("body") or "") for one in got if _by_a_bot(one)]
            if len(got) < _PAGE:
                return found
            page += 1

    def add(self, text: str) -> None:
        """A comment on the pull request."""
        self._api.call("POST", f"{self._issues}/{self._number}/comments", {"body": text})

    def renew(self, remark: Remark, text: str) -> None:
        """The comment by its number."""
        self._api.call("PATCH", f"{self._issues}/comments/{remark.id}", {"body": text})
