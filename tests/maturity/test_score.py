"""The ladder, the bands and the roadmap, on the built-in model and on small ones."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ferrata.maturity.evidence import Answer, Evidence, collect_evidence, status_of
from ferrata.maturity.model import built_in_model
from ferrata.maturity.roadmap import plan_next, plan_to_level
from ferrata.maturity.score import band_of, ladder, score_axes, score_dimensions
from ferrata.maturity.types import FindingResult

MODEL = built_in_model()
IDS = [p.id for p in MODEL.practices]
STATES = ("met", "partly", "against", "open")
statuses = st.fixed_dictionaries({name: st.sampled_from(STATES) for name in IDS})


def all_(state):
    return dict.fromkeys(IDS, state)


def score(status):
    return sum(d.points for d in score_dimensions(MODEL, status, all_("open")))


def test_the_model_covers_the_published_scale():
    assert [d.id for d in MODEL.dimensions] == [
        "models",
        "prompts",
        "evaluation",
        "deployment",
        "monitoring",
        "safety",
        "assets",
    ]
    assert len(MODEL.practices) >= 90
    assert [(b.least, b.level, b.name) for b in MODEL.bands] == [
        (0, 1, "initial"),
        (10, 2, "defined"),
        (15, 3, "managed"),
        (20, 4, "optimized"),
    ]


@pytest.mark.parametrize(("points", "level"), [(0, 1), (9, 1), (10, 2), (14, 2), (15, 3), (19, 3), (20, 4), (28, 4)])
def test_published_bands(points, level):
    assert band_of(MODEL, points).level == level


def test_the_ends_of_the_scale():
    assert score(all_("met")) == 28
    assert score(all_("open")) == 0
    assert score(all_("partly")) == 0  # partly is progress, not points


def test_a_level_needs_all_levels_below():
    status = all_("met")
    for p in MODEL.of("models", 1):
        status[p.id] = "open"
    assert score(status) == 24


def test_an_essential_practice_cannot_be_outweighed():
    for practice in (p for p in MODEL.practices if p.essential):
        status = all_("met")
        status[practice.id] = "partly"
        result = next(d for d in score_dimensions(MODEL, status, all_("open")) if d.id == practice.dimension)
        assert result.points == practice.level - 1
        assert result.progress < 1


def test_partial_fulfilment_is_progress_not_points():
    status = all_("open")
    here = MODEL.of("evaluation", 1)
    status[here[0].id] = "partly"
    result = next(d for d in score_dimensions(MODEL, status, all_("open")) if d.id == "evaluation")
    assert result.points == 0
    assert 0 < result.progress < 1
    assert result.levels[0].share == 0
    assert result.levels[0].progress == pytest.approx(0.5 / len(here), abs=1e-4)


@settings(max_examples=60)
@given(statuses, st.sampled_from(IDS))
def test_more_evidence_never_lowers_the_score(status, name):
    before = score(status)
    better = {"open": "partly", "against": "partly", "partly": "met", "met": "met"}[status[name]]
    assert score({**status, name: better}) >= before


@settings(max_examples=60)
@given(statuses)
def test_points_are_what_the_definition_says(status):
    for result in score_dimensions(MODEL, status, all_("open")):
        expected = 0
        for level in (1, 2, 3, 4):
            here = MODEL.of(result.id, level)
            share = sum(status[p.id] == "met" for p in here) / len(here)
            if share < MODEL.scoring.share - 1e-4 or any(p.essential and status[p.id] != "met" for p in here):
                break
            expected = level
        assert result.points == expected


def test_both_axes_stand_apart():
    status = {p.id: "met" if p.axis == "operational" else "open" for p in MODEL.practices}
    technique, operational = score_axes(MODEL, status)
    assert (technique.id, technique.level, technique.share) == ("technique", 0, 0.0)
    assert (operational.id, operational.level, operational.share) == ("operational", 4, 1.0)


@settings(max_examples=15, deadline=None)
@given(statuses)
def test_following_the_roadmap_reaches_the_top(status):
    gains = plan_next(MODEL, status)
    after = dict(status)
    done = {name for name, state in status.items() if state == "met"}
    for gain in gains:
        before = score(after)
        for name in gain.practices:
            practice = MODEL.practice(name)
            assert set(practice.needs) <= done, f"{name} before what it needs"
            assert after[name] != "met"
            after[name] = "met"
            done.add(name)
        assert score(after) > before
    assert score(after) == 28


@settings(max_examples=15, deadline=None)
@given(statuses, st.sampled_from([2, 3, 4]))
def test_the_way_to_a_level_reaches_it(status, level):
    after = {**status, **{name: "met" for gain in plan_to_level(MODEL, status, level) for name in gain.practices}}
    assert band_of(MODEL, score(after)).level >= level


def test_the_way_to_a_level_is_not_longer_than_the_greedy_one():
    status = all_("open")
    for level in (2, 3, 4):
        planned = sum(g.effort for g in plan_to_level(MODEL, status, level))
        after = dict(status)
        greedy = 0.0
        for gain in plan_next(MODEL, status):
            if band_of(MODEL, score(after)).level >= level:
                break
            greedy += gain.effort
            after.update(dict.fromkeys(gain.practices, "met"))
        assert planned <= greedy + 1e-9


def test_nothing_to_do_where_the_level_is_reached():
    assert plan_to_level(MODEL, all_("met"), 4) == []
    assert plan_next(MODEL, all_("met")) == []
    with pytest.raises(ValueError, match="no level 5"):
        plan_to_level(MODEL, all_("open"), 5)


NOW = datetime(2026, 11, 23, tzinfo=UTC)


def finding(polarity, strength, confidence=1.0, practice="models.pinned"):
    return FindingResult(
        rule="r", practice=practice, dimension="models", polarity=polarity, file="a.py", line=1,
        confidence=confidence, strength=strength, message="m", role="product",
    )  # fmt: skip


class Written:
    def __init__(self, seq, action, days_ago, **payload):
        self.seq, self.action, self.at, self.payload = seq, action, NOW - timedelta(days=days_ago), payload


def gather(model=MODEL, findings=(), records=(), answers=()):
    def of(action, since):
        return sorted(
            (r for r in records if r.action == action and (since is None or r.at >= since)), key=lambda r: -r.seq
        )

    return collect_evidence(model, findings=findings, records=of, answers=answers, now=NOW)


def test_weak_evidence_does_not_add_up():
    many = [finding("for", 0.3)] * 10
    assert gather(findings=many)["models.pinned"].support == 0.3


def test_evidence_against_takes_away():
    evidence = gather(findings=[finding("for", 0.8), finding("against", 0.5)])["models.pinned"]
    assert evidence.support == pytest.approx(0.4)
    assert status_of(evidence, MODEL.scoring) == "partly"
    assert status_of(Evidence(findings=(finding("against", 0.5),)), MODEL.scoring) == "against"
    assert status_of(Evidence(), MODEL.scoring) == "open"


def with_records(**rule):
    practice = MODEL.practice("models.pinned")
    changed = practice.model_validate({**practice.model_dump(), "records": [rule]})
    return MODEL.model_copy(update={"practices": [changed if p.id == practice.id else p for p in MODEL.practices]})


def test_records_count_within_their_time_and_age():
    model = with_records(action="gate.decided", where={"verdict": "pass"}, at_least=2, within_days=30)
    fresh = [Written(1, "gate.decided", 29, verdict="pass"), Written(2, "gate.decided", 5, verdict="pass")]
    found = gather(model, records=fresh)["models.pinned"].records[0]
    assert (found.seq, found.count, found.expires) == (2, 2, "2026-11-24T00:00:00.000000Z")
    assert (
        gather(model, records=[Written(1, "gate.decided", 31, verdict="pass"), fresh[1]])["models.pinned"].records == ()
    )
    assert (
        gather(model, records=[Written(1, "gate.decided", 1, verdict="fail"), fresh[1]])["models.pinned"].records == ()
    )


@pytest.mark.parametrize(
    ("where", "payload", "holds"),
    [
        ({"rows": {"gte": 10}}, {"rows": 10}, True),
        ({"rows": {"gt": 10}}, {"rows": 10}, False),
        ({"rows": {"lt": 11, "gte": 10}}, {"rows": 10}, True),
        ({"rows": {"gte": 1}}, {}, False),
        ({"rows": {"gte": 1}}, {"rows": True}, False),
        ({"kind": {"in": ["a", "b"]}}, {"kind": "b"}, True),
        ({"kind": {"in": ["a", "b"]}}, {"kind": "c"}, False),
        ({"models": {"gte": 2}}, {"models": ["a", "b"]}, True),
        ({"models": {"gte": 2}}, {"models": ["a"]}, False),
        ({"risks": {"in": ["pii"]}}, {"risks": ["hate", "pii"]}, True),
        ({"risks": {"in": ["pii"]}}, {"risks": ["hate"]}, False),
        ({"kind": "a", "ok": True}, {"kind": "a", "ok": True}, True),
        ({"kind": "a"}, {"kind": "b"}, False),
    ],
)
def test_conditions_on_records(where, payload, holds):
    model = with_records(action="gate.decided", where=where)
    assert bool(gather(model, records=[Written(1, "gate.decided", 1, **payload)])["models.pinned"].records) is holds


def test_respondents_disagree():
    said = [
        Answer("models.pinned", "ann", 1.0),
        Answer("models.pinned", "bob", 0.0),
        Answer("models.pinned", "cem", None),
    ]
    evidence = gather(answers=said)["models.pinned"]
    assert (evidence.claimed, evidence.disagreement) == (0.5, 1.0)
    assert evidence.answers[2].text == "don't know"


def test_what_nobody_knows_is_not_claimed():
    assert gather(answers=[Answer("models.pinned", "ann", None)])["models.pinned"].claimed is None


def test_a_level_without_practices_is_not_reached():
    assert [level.reached for level in ladder([], {}, needed=0.6)] == [False] * 4
