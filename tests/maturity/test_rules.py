"""Every rule's own examples, through the real pipeline."""

from datetime import date

import pytest

from ferrata.maturity import built_in_model, built_in_rules, load_rules
from ferrata.maturity.scan.engine import check_examples
from ferrata.maturity.scan.extract import Extractor
from ferrata.maturity.scan.resolve import matching_rules

TODAY = date(2026, 11, 23)
RULES = load_rules([built_in_rules()])
EXTRACTOR = Extractor(RULES)


def matches(rule_id: str, tree: dict[str, str]) -> bool:
    facts = {path: EXTRACTOR.extract(path, text.encode()) for path, text in sorted(tree.items())}
    return rule_id in matching_rules(facts, sorted(facts), RULES, on=TODAY)


@pytest.mark.parametrize("rule", RULES.rules, ids=lambda rule: rule.id)
def test_examples(rule):
    for example in rule.examples.positive:
        assert matches(rule.id, dict(example.tree())), f"should match:\n{example.tree()}"
    for example in rule.examples.negative:
        assert not matches(rule.id, dict(example.tree())), f"should not match:\n{example.tree()}"


def test_rules_show_practices_of_the_model():
    known = {practice.id for practice in built_in_model().practices}
    unknown = {(rule.id, name) for rule in RULES.rules for name in rule.shows if name not in known}
    assert not unknown


def test_every_practice_can_be_seen_in_some_way():
    shown = {name for rule in RULES.rules for name, strength in rule.shows.items() if strength > 0}
    blind = [p.id for p in built_in_model().practices if p.id not in shown and not p.records and not p.answer.with_link]
    assert not blind


def test_check_examples_names_the_rule_that_fails(tmp_path):
    (tmp_path / "own.yaml").write_text(
        "rules:\n"
        "  - id: own-rule\n    shows: {models.pinned: 0.5}\n    message: seen\n    match: {paths: ['x.txt']}\n"
        "    examples: {positive: [{path: y.txt}], negative: [{path: x.txt}]}\n"
    )
    own = load_rules([tmp_path])
    assert check_examples(own, on=TODAY) == [
        "own-rule: positive example 1 does not match",
        "own-rule: negative example 1 matches",
    ]
