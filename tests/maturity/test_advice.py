from datetime import UTC, datetime

from ferrata.maturity import (
    Answer,
    Evidence,
    Finding,
    Inputs,
    ScanResult,
    built_in_model,
    evidence_of,
    make_assessment,
    roadmap_steps,
)
from ferrata.maturity.types import AnswerEvidence, FindingResult, PracticeResult

MODEL = built_in_model()


def finding(polarity, file, weight=0.5):
    return FindingResult(
        rule="r", practice="models.pinned", dimension="models", polarity=polarity, file=file, line=3, confidence=1,
        strength=weight, message=f"message of {file}", role="product",
    )  # fmt: skip


def results(status):
    return [
        PracticeResult(
            id=p.id, dimension=p.dimension, level=p.level, axis=p.axis, essential=p.essential, statement=p.statement,
            status=status.get(p.id, "open"), support=0, weight_for=0, weight_against=0, claimed=None,
            claimed_status="open", disagreement=0, records=[], answers=[],
        )
        for p in MODEL.practices
    ]  # fmt: skip


def steps(status=None, evidence=None, **options):
    known = {p.id: Evidence() for p in MODEL.practices} | (evidence or {})
    return roadmap_steps(MODEL, results(status or {}), known, **options)


def missing(**evidence):
    found = steps(evidence={"models.pinned": Evidence(**evidence)})
    return next(step.missing for step in found if step.practice == "models.pinned")


def test_steps_are_numbered_and_each_practice_is_there_once():
    found = steps()
    assert [step.order for step in found] == list(range(1, len(found) + 1))
    assert len({step.practice for step in found}) == len(found)


def test_what_a_practice_needs_comes_before_it():
    order = {step.practice: step.order for step in steps()}
    for practice in MODEL.practices:
        assert all(
            order[need] < order[practice.id] for need in practice.needs if practice.id in order and need in order
        )


def test_a_point_is_gained_by_the_last_step_of_its_group():
    gains = [step.gains for step in steps() if step.gains]
    assert sorted(gains) == sorted(f"{d.id}:{n}" for d in MODEL.dimensions for n in (1, 2, 3, 4))


def test_nothing_is_left_where_all_is_met():
    assert steps({p.id: "met" for p in MODEL.practices}) == []
    assert steps(to_level=1) == []


def test_a_nearer_goal_takes_fewer_steps():
    assert 0 < len(steps(to_level=2)) < len(steps(to_level=3)) < len(steps())


def test_what_speaks_against_is_named_with_its_place():
    assert missing(findings=(finding("against", "a.py", 0.2), finding("against", ".", 0.9)))[:2] == [
        "repository message of .",
        "a.py:3 message of a.py",
    ]
    many = missing(findings=tuple(finding("against", f"{n}.py") for n in range(6)))
    assert many[4:6] == ["4.py:3 message of 4.py", "and 1 more place"]
    assert missing(findings=tuple(finding("against", f"{n}.py") for n in range(9)))[5] == "and 4 more places"


def test_what_is_too_weak_or_only_said_is_named():
    assert missing(findings=(finding("for", "a.py", 0.3),))[0] == "so far only: a.py:3 message of a.py"
    assert missing()[0] == "nothing seen in the repository or the ledger"
    said = AnswerEvidence(respondent="ann", value=0.7, text="t", note="", link="", at="", weight=0)
    assert missing(answers=(said,))[0] == "answered with 70%, but nothing shows it"


def test_a_record_that_would_show_it_is_named():
    practice = next(p for p in MODEL.practices if p.records)
    found = next(step for step in steps() if step.practice == practice.id)
    assert (
        found.missing[-1] == f"no record {' or '.join(dict.fromkeys(r.action for r in practice.records))} in the ledger"
    )


def test_the_evidence_of_an_assessment_is_what_it_holds():
    found = Finding("rule", "models.pinned", "for", "a.py", 1, 1.0, 0.9, "seen", "product")
    scan = ScanResult(True, (), (found,), 1, 1, 0, {}, (), 0.0)
    answers = [Answer("models.terms-known", "ann", 0.5)]
    inputs = Inputs("bot", scan, lambda _action, _since: (), answers, None, lambda _file, _line: None, [])
    evidence = evidence_of(make_assessment(MODEL, inputs, now=datetime(2026, 3, 1, tzinfo=UTC)))
    assert evidence.keys() == {p.id for p in MODEL.practices}
    assert [f.rule for f in evidence["models.pinned"].findings] == ["rule"]
    assert evidence["models.terms-known"].claimed == 0.5
    assert evidence["models.explored"] == Evidence()
