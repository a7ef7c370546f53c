"""What the model asks of ledger records can be met: the actions exist, and the fields are of a fitting type."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from ferrata.assets import catalogue
from ferrata.maturity import built_in_model
from ferrata.maturity.model import RecordRule

if TYPE_CHECKING:
    from ferrata.assets import Field

LIMITS = {"gte", "lte", "gt", "lt"}


def mistakes_of(rule: RecordRule) -> list[str]:
    action = catalogue().get(rule.action)
    if action is None:
        return [f"no action {rule.action!r}"]
    found: list[str] = []
    for name, wanted in rule.where.items():
        field = action.fields.get(name)
        if field is None:
            found.append(f"{rule.action} has no field {name!r}")
        else:
            found += [f"{rule.action}.{name}: {problem}" for problem in condition_mistakes(field, wanted)]
    return found


def condition_mistakes(field: Field, wanted: Any) -> list[str]:
    if not isinstance(wanted, dict):
        return [] if field.accepts(wanted) else [f"{wanted!r} is not {field}"]
    found = [f"no such comparison: {name!r}" for name in wanted if name not in LIMITS | {"in"}]
    if field.type != "list":  # of a list, any item may be one of them
        found += [f"{value!r} is not {field}" for value in wanted.get("in", []) if not field.accepts(value)]
    for name in LIMITS & wanted.keys():
        if field.type not in ("int", "float", "list"):  # of a list, its length
            found.append(f"{name} compares numbers or lengths, not {field}")
        elif isinstance(wanted[name], bool) or not isinstance(wanted[name], int | float):
            found.append(f"{name} takes a number, not {wanted[name]!r}")
    return found


def test_every_record_that_a_practice_asks_for_can_be_written() -> None:
    mistakes = {
        f"{practice.id}: {mistake}"
        for practice in built_in_model().practices
        for rule in practice.records
        for mistake in mistakes_of(rule)
    }
    assert mistakes == set()


@pytest.mark.parametrize(
    ("rule", "mistakes"),
    [
        ({"action": "gate.decided", "where": {"verdict": "pass", "waived": False}}, 0),
        ({"action": "gate.decided", "where": {"verdict": {"in": ["pass", "fail"]}}}, 0),
        ({"action": "gate.decided", "where": {"verdict": {"in": ["passed"]}}}, 1),
        ({"action": "gate.decided", "where": {"verdict": "passed"}}, 1),
        ({"action": "gate.decided", "where": {"verdict": {"gte": 1}}}, 1),
        ({"action": "gate.decided", "where": {"verdicts": "pass"}}, 1),
        ({"action": "gate.decide"}, 1),
        ({"action": "eval.completed", "where": {"rows": {"gte": 5}}}, 0),
        ({"action": "eval.completed", "where": {"evaluators": {"in": ["groundedness"]}}}, 0),
        ({"action": "eval.completed", "where": {"rows": {"gteq": 5}}}, 1),
        ({"action": "eval.completed", "where": {"rows": True}}, 1),
        ({"action": "eval.completed", "where": {"rows": {"lt": "5"}}}, 1),
    ],
)
def test_the_check_of_record_rules_sees_what_is_wrong(rule: dict[str, Any], mistakes: int) -> None:
    assert len(mistakes_of(RecordRule.model_validate(rule))) == mistakes
