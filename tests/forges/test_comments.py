from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from forge_server import TOKEN, comments_served, environment_of

from ferrata.errors import UsageError
from ferrata.forges import comment, forge_of

if TYPE_CHECKING:
    from pathlib import Path

every_forge = pytest.mark.parametrize("forge", ["github", "gitlab", "azure"])


@pytest.fixture
def report(tmp_path: Path) -> Path:
    path = tmp_path / "gate.md"
    path.write_text("<!-- ferrata gate: support -->\n## Gate support passed\n", encoding="utf-8")
    return path


@every_forge
def test_one_comment_is_added_then_renewed_then_left(forge: str, report: Path) -> None:
    with comments_served() as there:
        stranger = there.add("<!-- ferrata gate: support -->\nmine", author="somebody")
        there.texts |= {n: "talk" for n in range(2, 150)}
        there.authors |= dict.fromkeys(range(2, 150), "me")
        thread = forge_of(environment := environment_of(forge, there.url)).thread(environment)
        assert not isinstance(thread, str)
        assert list(comment(thread, [report])) == ["comment added: gate: support"]
        (number,) = [n for n, text in there.texts.items() if "passed" in text]
        report.write_text("<!-- ferrata gate: support -->\n## Gate support failed\n", encoding="utf-8")
        assert list(comment(thread, [report])) == ["comment renewed: gate: support"]
        assert there.texts[number].endswith("failed\n") and len(there.texts) == 150
        assert there.texts[stranger].endswith("mine")
        writes = len([one for one in there.asked if not one.startswith("GET")])
        list(comment(thread, [report]))
        assert len([one for one in there.asked if not one.startswith("GET")]) == writes


@every_forge
def test_a_token_that_may_not_comment_is_a_line_and_no_failure(forge: str, report: Path) -> None:
    with comments_served() as there:
        environment = environment_of(forge, there.url, token="other")
        thread = forge_of(environment).thread(environment)
        assert not isinstance(thread, str)
        (line,) = comment(thread, [report])
        assert line.startswith("no comment: GET ") and "401" in line and "from a fork" in line and "other" not in line
        there.status = 500
        environment = environment_of(forge, there.url)
        thread = forge_of(environment).thread(environment)
        assert not isinstance(thread, str)
        with pytest.raises(UsageError, match="is answered with 500") as error:
            list(comment(thread, [report]))
        assert TOKEN not in str(error.value)


@every_forge
def test_without_token_or_pull_request_there_is_a_reason(forge: str) -> None:
    environment = environment_of(forge, "http://127.0.0.1:1")
    tokenless = {name: value for name, value in environment.items() if "TOKEN" not in name}
    assert "is not set" in str(forge_of(tokenless).thread(tokenless))
    numbers = {"GITHUB_REF", "CI_MERGE_REQUEST_IID", "SYSTEM_PULLREQUEST_PULLREQUESTID"}
    pushed = {name: value for name, value in environment.items() if name not in numbers}
    assert "request" in str(forge_of(pushed).thread(pushed)) and "this is no" in str(forge_of(pushed).thread(pushed))


def test_a_forge_that_cannot_be_reached_is_an_error_with_its_address(report: Path) -> None:
    environment = environment_of("github", "http://127.0.0.1:9")
    thread = forge_of(environment).thread(environment)
    assert not isinstance(thread, str)
    with pytest.raises(UsageError, match=r"GET http://127\.0\.0\.1:9/repos/acme/shop/issues/7/comments: "):
        list(comment(thread, [report]))


def test_reports_that_are_missing_are_skipped_and_other_files_refused(tmp_path: Path) -> None:
    with comments_served() as there:
        environment = environment_of("github", there.url)
        thread = forge_of(environment).thread(environment)
        assert not isinstance(thread, str)
        assert list(comment(thread, [tmp_path / "no.md"])) == [f"skipped: there is no {str(tmp_path / 'no.md')!r}"]
        (tmp_path / "readme.md").write_text("# Shop\n")
        with pytest.raises(UsageError, match="is no report of a gate"):
            list(comment(thread, [tmp_path / "readme.md"]))
        assert there.asked == []


def test_outside_of_a_pipeline_there_is_no_forge() -> None:
    with pytest.raises(UsageError, match="this is no pipeline of github, azure, gitlab"):
        forge_of({})
