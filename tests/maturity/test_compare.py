import json
from datetime import UTC, datetime

import pytest

from ferrata.errors import InvalidDocument, NotFound
from ferrata.maturity import Answer, Finding, Inputs, ScanResult, built_in_model, compare_assessments, make_assessment
from ferrata.maturity.compare import read_assessment

MODEL = built_in_model()
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def finding(practice, strength=0.9, *, file="a.py", line=1, message="seen", polarity="for"):
    return Finding("rule", practice, polarity, file, line, 1.0, strength, message, "product")


def assessment(*findings, answers=(), model=MODEL, project="bot", llm_use=True):
    scan = ScanResult(llm_use, (), findings, 1, 1, 0, {}, (), 0.0)
    inputs = Inputs(project, scan, lambda _action, _since: (), answers, None, lambda _file, _line: None, [])
    return make_assessment(model, inputs, now=NOW)


def changes(a, b):
    return {c.practice: (c.before, c.after, c.why) for c in compare_assessments(a, b).changes}


def test_the_same_is_no_change():
    a = assessment(finding("models.pinned"))
    found = compare_assessments(a, assessment(finding("models.pinned", line=7)))
    assert (found.changes, found.notes) == ([], [])
    assert found.level == (1, 1)


def test_what_came_and_went_with_its_reason_in_a_fixed_order():
    a = assessment(*(finding("models.pinned", polarity="against", file=f"{n}.py") for n in "cab"))
    b = assessment(finding("models.pinned"), finding("models.pinned", file=".", message="everywhere"))
    assert changes(a, b) == {
        "models.pinned": (
            "against",
            "met",
            [
                "no longer against: a.py:1 seen",
                "no longer against: b.py:1 seen",
                "no longer against: c.py:1 seen",
                "now for: repository everywhere",
                "now for: a.py:1 seen",
            ],
        )
    }
    assert [c.better for c in compare_assessments(a, b).changes] == [True]
    assert [c.better for c in compare_assessments(b, a).changes] == [False]


def test_what_fell_comes_first():
    a = assessment(finding("models.pinned"))
    b = assessment(finding("assets.locked"))
    assert [(c.practice, c.better) for c in compare_assessments(a, b).changes] == [
        ("models.pinned", False),
        ("assets.locked", True),
    ]


def test_an_answer_that_is_evidence():
    practice = next(p for p in MODEL.practices if p.answer.with_link >= MODEL.scoring.met)
    a = assessment(answers=[Answer(practice.id, "ann", 0.0)])
    b = assessment(answers=[Answer(practice.id, "ann", 1.0, link="https://x.example/")])
    assert changes(a, b) == {practice.id: ("open", "met", ["its answers changed"])}


def test_the_same_evidence_under_another_model():
    scoring = MODEL.scoring.model_copy(update={"met": 0.95})
    a, b = (
        assessment(finding("models.pinned")),
        assessment(finding("models.pinned"), model=MODEL.model_copy(update={"scoring": scoring})),
    )
    found = compare_assessments(a, b)
    assert [c.why for c in found.changes] == [["the same evidence weighs otherwise by the later one's model or rules"]]
    assert found.notes == [
        "measured by different models: ferrata 1.0 and ferrata 1.0, whose practices or rules of scoring differ"
    ]


def test_notes_say_what_cannot_be_compared():
    fewer = MODEL.model_copy(
        update={"practices": [p for p in MODEL.practices if p.id != "models.pinned"], "id": "ours"}
    )
    found = compare_assessments(assessment(llm_use=False), assessment(model=fewer, project="other"))
    assert found.level == (None, 1)
    assert found.notes == [
        "of different projects: bot and other",
        "measured by different models: ferrata 1.0 and ours 1.0",
        "LLM use found only in the later one",
        "practices only in the earlier one: models.pinned",
    ]


def test_an_assessment_from_a_file(tmp_path):
    path = tmp_path / "a.json"
    one = assessment(finding("models.pinned", message="größe 🜁"))
    path.write_text(one.model_dump_json(indent=2), encoding="utf-8")
    assert read_assessment(path) == one
    # Escaped, as other programs write JSON: a pair of surrogates is one character.
    path.write_text(json.dumps(one.model_dump(mode="json")))
    assert read_assessment(path) == one
    path.write_text(json.dumps({**one.model_dump(mode="json"), "level": 9, "extra": 1}, indent=1))
    with pytest.raises(InvalidDocument) as refused:
        read_assessment(path)
    assert {m.key for m in refused.value.mistakes} == {"level", "extra"}
    with pytest.raises(NotFound):
        read_assessment(tmp_path / "none.json")
