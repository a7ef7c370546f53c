from __future__ import annotations

import json

import pytest
import yaml

MODEL = """
id: ours
version: "1"
extends: ferrata
practices:
  - id: models.owned-thing
    level: 1
    axis: operational
    statement: We own the thing.
    question: Do you?
    answers: [{value: 0, text: "no"}, {value: 1, text: "yes"}]
    why: because
    how: {without: own it}
    effort: 1
    references: [{title: t, url: "https://example.org/"}]
    supports: {}
"""


def answers_of(ferrata, project):
    return [
        (given["practice"], given["respondent"], given["value"], given["note"], given["link"])
        for given in json.loads(ferrata("answer", "--project", project, "--list", "--json").out)
    ]


def test_one_answer_without_asking(fresh, ferrata):
    ran = ferrata("answer", "--project", fresh, "models.pinned", "--value", "0.4", "--note", "n", "--link", "l")
    assert ran == (0, "models.pinned: 40% by ann\n", "")
    ran = ferrata("answer", "--project", fresh, "models.explored", "--dont-know", "--as", " bob  b ")
    assert ran == (0, "models.explored: don't know by bob b\n", "")
    assert answers_of(ferrata, fresh) == [
        ("models.explored", "bob b", None, "", ""),
        ("models.pinned", "ann", 0.4, "n", "l"),
    ]
    (record,) = [
        json.loads(line)["payload"]
        for line in ferrata("ledger", "list", "--project", fresh, "--json", "--action", "answer.given").out.splitlines()
        if "pinned" in line
    ]
    assert record == {"practice": "models.pinned", "respondent": "ann", "value": 0.4}


def test_disagreement_is_shown(fresh, ferrata):
    ferrata("answer", "--project", fresh, "models.pinned", "--value", "0.4", "--note", "family names")
    ran = ferrata("answer", "--project", fresh, "models.pinned", "--value", "1", "--as", "bob")
    assert ran.out == "models.pinned: 100% by bob\ndisagreement of 60%: ann: 40%  family names\n"
    assert ferrata("answer", "--project", fresh, "--list").out == (
        "models.pinned  DISAGREEMENT 60%\n    ann: 40%  family names\n    bob: 100%\n"
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ["models.pinnd", "--value", "1"],
            "no practice 'models.pinnd' in ferrata 1.0\nhint: did you mean models.pinned",
        ),
        (["models.pinnd"], "no practice 'models.pinnd'"),
        (["--value", "1"], "--value answers one practice, and none is named"),
        (["--dont-know"], "--dont-know answers one practice, and none is named"),
        (["models.pinned", "--value", "nan"], "not a value: nan"),
        (["models.pinned", "--value", "1", "--dont-know"], "--value and --dont-know do different things"),
        (["--list", "--export", "a.yaml"], "--export and --list do different things"),
        (["models.pinned", "--list"], "--list goes without a practice"),
        (["models.pinned", "--note", "n"], "--note and --link go with --value"),
        (["--json"], "--json goes with --list"),
        (["models.pinned", "--value", "1", "--as", " "], "--as names nobody"),
        (["models.pinned", "--value", "1", "--as", "a\udcff"], "not a respondent: 'a\\udcff'"),
        (["models.pinned", "--value", "1", "--note", "\x1b[31m"], "not a note: '\\x1b[31m'"),
        (["--file", "none.yaml"], "no such file: 'none.yaml'"),
        (["--export", "/dev/null/a.yaml"], "cannot write '/dev/null/a.yaml'"),
    ],
)
def test_a_wrong_request_is_status_2(fresh, ferrata, words, said):
    ran = ferrata("answer", "--project", fresh, *words)
    assert (ran.status, ran.out) == (2, "")
    assert ran.err.startswith(f"ferrata: {said}")
    assert answers_of(ferrata, fresh) == []


def test_reading_makes_no_database(fresh, tmp_path, ferrata):
    assert ferrata("answer", "--project", fresh, "--list") == (
        0,
        "",
        "no answers yet; give some with `ferrata answer`\n",
    )
    assert ferrata("answer", "--project", fresh, "--export", tmp_path / "a.yaml").out.startswith("0 answers written")
    assert not (fresh / ".ferrata/ferrata.db").exists()


def test_answers_go_out_and_come_back(fresh, tmp_path, ferrata):
    path = tmp_path / "answers.yaml"
    ferrata("answer", "--project", fresh, "models.pinned", "--value", "0.4", "--note", "größe: 'x'", "--link", "l")
    ferrata("answer", "--project", fresh, "models.explored", "--dont-know", "--as", "bob")
    before = answers_of(ferrata, fresh)
    assert ferrata("answer", "--project", fresh, "--export", path).out == f"2 answers written to {path}\n"
    (fresh / ".ferrata/ferrata.db").unlink()
    assert ferrata("answer", "--project", fresh, "--file", path).out == f"2 answers taken from {path}\n"
    assert answers_of(ferrata, fresh) == before
    # The same file again, as a CI job would, changes nothing and leaves no record.
    ran = ferrata("answer", "--project", fresh, "--file", path)
    assert ran.out == f"0 answers taken from {path}, 2 as they were\n"
    assert ferrata("ledger", "verify", "--project", fresh).out.startswith("2 records verified")


def test_a_wrong_file_is_refused_whole(fresh, tmp_path, ferrata):
    path = tmp_path / "answers.yaml"
    good = {"models.pinned": {"ann": {"value": 1}}}
    path.write_text(yaml.safe_dump({"answers": {**good, "models.pinnd": {"ann": {"value": 1}}}}))
    ran = ferrata("answer", "--project", fresh, "--file", path)
    assert ran.status == 2
    assert ran.err.startswith(f"ferrata: {path}:2: answers.models.pinnd: no practice of that id in ferrata 1.0\n")
    path.write_text('answers:\n  models.pinned:\n    ann: {value: 7, at: yesterday}\n    "": {value: 1, note: "\\0"}\n')
    ran = ferrata("answer", "--project", fresh, "--file", path)
    assert [line.rpartition(f"{path}:")[2].partition(": ")[0] for line in ran.err.splitlines()] == ["3", "3", "4", "4"]
    assert answers_of(ferrata, fresh) == []


def test_a_practice_of_the_own_model_only(fresh, tmp_path, ferrata):
    (fresh / "model.yaml").write_text(MODEL)
    words = ("answer", "--project", fresh, "models.owned-thing", "--value", "1")
    assert ferrata(*words).status == 2
    assert ferrata(*words, "--model", fresh / "model.yaml").status == 0
    (fresh / "ferrata.yaml").write_text("maturity: {model: model.yaml}\n")
    assert ferrata(*words).status == 0
    assert ferrata("answer", "--project", fresh, "models.owned-thing", typed="1\n\n").out.endswith(
        f"1 answer kept. See what they change: ferrata assess {fresh}\n"
    )


def test_the_questionnaire_can_be_left_taken_up_and_gone_back_in(fresh, ferrata):
    words = ("answer", "--project", fresh, "--next", "3")
    asked = json.loads(ferrata("roadmap", fresh, "--json", "--next", "30").out)
    ran = ferrata(*words, typed="?\n\nten\n1\nfirst\nb\n2\n\nhttps://x.example/\nd\nnot mine\nq\n")
    assert ran.status == 0
    first, second = (given[0] for given in answers_of(ferrata, fresh)[::-1])
    assert {first, second} < {step["practice"] for step in asked}
    lines = ran.out.splitlines()
    assert lines[0].startswith("3 questions for ann. number, d = don't know")
    assert sum(line.startswith("[1/3]") for line in lines) == 2
    assert "not an answer: ''; number" in ran.out
    assert "not an answer: 'ten'; number" in ran.out
    assert "so far you say: 0%  first" in ran.out
    assert lines[-1] == f"answer> 2 answers kept. See what they change: ferrata assess {fresh}"
    found = {given[0]: given[2:] for given in answers_of(ferrata, fresh)}
    assert sorted(found.values(), key=str) == [(0.4, "", "https://x.example/"), (None, "not mine", "")]
    # Taken up again: what is answered is not asked again, unless --all asks for it.
    again = ferrata(*words, typed="q\n").out
    assert again.splitlines()[-1].startswith("answer> 0 answers kept")
    assert not any(f"] {name} " in again for name in found)
    assert ferrata("answer", "--project", fresh, "--as", "bob", "--next", "1", typed="s\n").out.startswith(
        "1 question for bob"
    )
    everything = len(json.loads(ferrata("maturity", "list", "--project", fresh, "--json").out))
    assert ferrata("answer", "--project", fresh, typed="q\n").out.startswith(f"{everything - 2} questions")
    assert ferrata("answer", "--project", fresh, "--all", typed="q\n").out.startswith(f"{everything} questions")


@pytest.mark.parametrize("typed", ["", "3", "3\n", "3\nhalf a note"])
def test_an_input_that_ends_leaves_and_keeps_what_was_answered(fresh, ferrata, typed):
    ran = ferrata("answer", "--project", fresh, "models.pinned", typed=typed)
    assert ran.status == 0
    assert [given[2] for given in answers_of(ferrata, fresh)] == ([0.7] if typed else [])


def test_questions_without_llm_use(tmp_path, ferrata):
    ran = ferrata("answer", "--project", tmp_path, "--next", "2", typed="1\n\nq\n")
    assert ran.status == 0
    assert ran.out.splitlines()[-1].startswith("answer> 1 answer kept")
