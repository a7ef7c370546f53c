"""Assessments and answers on SQLite and on PostgreSQL."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from ferrata.clock import format_time
from ferrata.errors import NotFound, UsageError
from ferrata.maturity import Answer, Inputs, MaturityRepo, ScanResult, built_in_model, make_assessment

MODEL = built_in_model()
START = datetime(2026, 3, 1, 12, tzinfo=UTC)


def assessment(day, name, *, llm_use=True, project="bot"):
    scan = ScanResult(llm_use, (), (), 1, 1, 0, {}, (), 0.0)
    inputs = Inputs(project, scan, lambda _action, _since: (), [], None, lambda _file, _line: None, [])
    made = make_assessment(MODEL, inputs, now=START + timedelta(days=day))
    return made.model_copy(update={"id": name.ljust(32, "0"), "score": day})


@pytest.fixture
def repo(store):
    return MaturityRepo(store, "bot")


def add(store, repo, *assessments):
    with store.write() as connection:
        for one in assessments:
            repo.add_assessment(connection, one)


def test_what_is_stored_comes_back_the_same(store, repo):
    one = assessment(1, "a", project="größe \u202e '\"")
    add(store, repo, one)
    assert repo.assessment("latest") == one


def test_names(store, repo):
    add(store, repo, assessment(1, "abc1"), assessment(2, "abc2"), assessment(3, "d"))
    names = {"latest": "d", "-1": "d", "previous": "abc2", "-2": "abc2", "-3": "abc1", "abc1": "abc1", "D": "d"}
    assert {name: repo.assessment(name).id.rstrip("0") for name in names} == names
    for name in ("", "-0", "-4", "-\u0661", "-\u00b2", "-" + "9" * 5000, "1", "e", "%", "_", "latest "):
        with pytest.raises(NotFound, match="there are 3"):
            repo.assessment(name)
    with pytest.raises(UsageError, match="2 assessments have an id that begins with 'ab'"):
        repo.assessment("ab")


def test_nothing_and_one(store, repo):
    with pytest.raises(NotFound, match="there is none yet") as refused:
        repo.assessment("latest")
    assert refused.value.hint == "make one with `ferrata assess`"
    add(store, repo, assessment(1, "a"))
    with pytest.raises(NotFound, match="there is only one"):
        repo.assessment("previous")


def test_the_list_is_newest_first_and_of_one_project(store, repo):
    add(store, repo, assessment(1, "a"), assessment(2, "b", llm_use=False))
    add(store, MaturityRepo(store, "other"), assessment(3, "c"))
    assert [(row.seq, row.id[0], row.level, row.score) for row in repo.assessments()] == [
        (2, "b", None, 2),
        (1, "a", 1, 1),
    ]
    assert [row.id[0] for row in repo.assessments(limit=1)] == ["b"]
    with pytest.raises(NotFound):
        repo.assessment("c")


def test_the_trend_leaves_out_what_has_no_level_and_what_is_later(store, repo):
    add(store, repo, *(assessment(day, name, llm_use=day != 2) for day, name in enumerate("abcde")))
    until = format_time(START + timedelta(days=3))
    assert [(point.at, point.score) for point in repo.trend(until=until)] == [
        (format_time(START + timedelta(days=day)), day) for day in (0, 1, 3)
    ]
    assert [point.score for point in repo.trend(until=until, limit=2)] == [1, 3]
    assert set(repo.trend(until=until)[0].points) == {d.id for d in MODEL.dimensions}


def test_an_assessment_of_another_version(store, repo):
    add(store, repo, assessment(1, "a"))
    document = json.dumps({"format": "ferrata.assessment/9"})
    with store.write() as connection:
        connection.exec_driver_sql(f"UPDATE assessment SET document = '{document}'")
    with pytest.raises(UsageError, match="another version of Ferrata"):
        repo.assessment("latest")


def test_the_latest_answer_of_each_stands(store, repo):
    given = [Answer("p.a", "ann", 0.1), Answer("p.a", "bob", 1.0), Answer("p.b", "ann", None, "n", "l", "t")]
    with store.write() as connection:
        repo.add_answers(connection, given)
        repo.add_answers(connection, [])
        MaturityRepo(store, "other").add_answers(connection, [Answer("p.a", "ann", 0.9)])
    with store.write() as connection:
        repo.add_answers(connection, [Answer("p.a", "ann", None)])
    assert sorted(repo.answers(), key=str) == sorted([Answer("p.a", "ann", None), *given[1:]], key=str)


def test_what_is_undone_is_gone(store, repo):
    with pytest.raises(ZeroDivisionError), store.write() as connection:
        repo.add_assessment(connection, assessment(1, "a"))
        repo.add_answers(connection, [Answer("p.a", "ann", 0.1)])
        raise ZeroDivisionError
    assert (repo.assessments(), repo.answers()) == ([], [])
