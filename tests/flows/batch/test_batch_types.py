from __future__ import annotations

import pytest

from ferrata.errors import UsageError
from ferrata.flows import RunSummary, Status
from ferrata.runs import FailOn


@pytest.mark.parametrize(
    ("text", "completed", "failed", "fails"),
    [
        ("error", 10, 0, False),
        ("error", 9, 1, True),
        ("none", 0, 10, False),
        ("all", 1, 9, False),
        ("all", 0, 10, True),
        ("10%", 91, 9, False),
        ("10%", 90, 10, True),
        ("0%", 10, 0, False),
        ("0.5%", 199, 1, True),
        ("2", 9, 1, False),
        ("2", 8, 2, True),
        ("0", 10, 0, False),
    ],
)
def test_a_run_fails_on_what_was_asked_for(text: str, completed: int, failed: int, *, fails: bool) -> None:
    status = Status.FAILED if not completed else Status.COMPLETED_WITH_ERRORS if failed else Status.COMPLETED
    summary = RunSummary("r", status, completed + failed, completed, failed)
    assert FailOn.parse(text).fails(summary) is fails


@pytest.mark.parametrize(("text", "fails"), [("error", True), ("all", True), ("50%", True), ("none", False)])
def test_a_failed_aggregation_fails_the_run(text: str, *, fails: bool) -> None:
    summary = RunSummary("r", Status.COMPLETED_WITH_ERRORS, 1, 1, 0, aggregation_error={"code": "KeyError"})
    assert FailOn.parse(text).fails(summary) is fails


@pytest.mark.parametrize("text", ["", "some", "101%", "1.5", "-1", "5 %"])
def test_other_limits_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="not a limit of failed rows"):
        FailOn.parse(text)
