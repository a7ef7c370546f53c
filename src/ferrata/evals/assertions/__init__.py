"""Assertions on answers: each row of data has its own list, as promptfoo writes it."""

from typing import TYPE_CHECKING

from ferrata.doors import door

if TYPE_CHECKING:
    from ferrata.evals.assertions.evaluator import Assertions, JudgedAssertions
    from ferrata.evals.assertions.judging import assertion_judges
    from ferrata.evals.assertions.kinds import CODE, COMPUTED, JUDGED, why_not
    from ferrata.evals.assertions.read import read_assertions, read_short
    from ferrata.evals.assertions.types import Assertion, AssertionJudge, AssertionSet, Outcome
else:
    __getattr__ = door(
        __name__,
        evaluator=["Assertions", "JudgedAssertions"],
        judging=["assertion_judges"],
        kinds=["CODE", "COMPUTED", "JUDGED", "why_not"],
        read=["read_assertions", "read_short"],
        types=["Assertion", "AssertionJudge", "AssertionSet", "Outcome"],
    )

__all__ = [
    "CODE",
    "COMPUTED",
    "JUDGED",
    "Assertion",
    "AssertionJudge",
    "AssertionSet",
    "Assertions",
    "JudgedAssertions",
    "Outcome",
    "assertion_judges",
    "read_assertions",
    "read_short",
    "why_not",
]
