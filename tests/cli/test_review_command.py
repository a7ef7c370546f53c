"""`ferrata review` as people use it."""

from __future__ import annotations

import json
import os
import shutil
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from terminals import typed_on_a_terminal

from ferrata.app import open_app
from ferrata.evaluating import Evaluation, Given, changed, run_evaluation

if TYPE_CHECKING:
    from collections.abc import Callable

BOT = """
def first(n):
    if n == 7:
        raise ValueError("no answer to that")
    return {"response": f"first {n} \\x1b[31m", "context": "some"}


def second(n):
    return {"response": f"second {n}"}
"""
OWN = """
def even(n):
    return n % 2 == 0


def small(n):
    return n < 6
"""


@pytest.fixture(scope="session")
def with_runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with two runs over ten rows; the target of the first fails on one of them."""
    root = tmp_path_factory.mktemp("reviews") / "shop"
    root.mkdir()
    (root / "bot.py").write_text(BOT)
    (root / "own.py").write_text(OWN)
    (root / "rows.jsonl").write_text("".join(json.dumps({"n": n}) + "\n" for n in range(10)))
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(root)
        for function in ("first", "second"):
            settings = changed(
                None,
                target=f"bot.py:{function}",
                data="rows.jsonl",
                evaluators=[{"use": "own.py:even"}, {"use": "own.py:small"}],
            )
            with open_app(root) as app, closing(Evaluation.open(app, Given(settings, function))) as evaluation:
                run_evaluation(evaluation, save=False)
    return root


@pytest.fixture
def shop(with_runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = Path(shutil.copytree(with_runs, tmp_path / "shop"))
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def review(ferrata: Callable[..., Any], shop: Path) -> Callable[..., Any]:
    return lambda *words, **options: ferrata("review", *words, **options)


def rows_of(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_two_people_label_and_a_third_settles(review: Callable[..., Any], ferrata: Callable[..., Any]) -> None:
    ran = review("new", "check", "first-1", "--rows", "3", "--annotators", "2", "--instructions", "Be strict.")
    assert ran.status == 0, ran.err
    assert "check: 3 rows of first-1, each for 2 people to label" in ran.out
    assert "chosen by  random 3; seed 0" in ran.out
    ran = review("label", "check", "--as", "ann", typed="p\nf\nwrong article\nq\n")
    assert ran.status == 0
    assert "Be strict." in ran.out
    assert "[3/3]" in ran.out
    assert "first " in ran.out
    assert "\\x1b[31m" in ran.out
    assert "\x1b" not in ran.out
    assert "2 rows labelled." in ran.out
    # What was labelled is not asked again; the words of the scale are taken as well as its keys.
    assert "[1/1]" in review("label", "check", "--as", "ann", typed="pass\n").out
    assert "nothing left to label" in review("label", "check", "--as", "ann").out
    found = {row["key"]: row for row in rows_of(review("export", "check").out)}
    assert len(found) == 3
    assert {row["decided_by"] for row in found.values()} == {"incomplete"}
    other = {row["key"]: {"pass": "fail", "fail": "fail"}[row["label"]] for row in found.values()}
    Path("bob.jsonl").write_text("".join(json.dumps({"key": k, "label": v}) + "\n" for k, v in other.items()))
    assert "3 labels of bob taken from bob.jsonl" in review("label", "check", "--as", "bob", "--file", "bob.jsonl").out
    assert "0 labels of bob taken from bob.jsonl, 3 as they were" in (
        review("label", "check", "--as", "bob", "--file", "bob.jsonl").out
    )
    status = json.loads(review("status", "check", "--json").out)
    assert (status["complete"], status["differing"], status["settled"]) == (3, 2, 1)
    assert status["agreement"]["rows"] == 3
    assert status["agreement"]["share"] == pytest.approx(1 / 3)
    # by hand: 2 of 3 rows differ; of 6 labels, 2 pass and 4 fail
    assert status["agreement"]["alpha"] == pytest.approx(1 - (2 / 3) / (2 * 2 * 4 / (6 * 5)))
    assert (
        "33% the same label over 3 rows; beyond chance (Krippendorff's alpha): -0.25" in review("status", "check").out
    )
    ran = review("adjudicate", "check", "--as", "ann", typed="p\nfine\n")
    assert (ran.status, "would judge their own labels" in ran.err) == (2, True)
    ran = review("adjudicate", "check", "--as", "eve", typed="p\nit is fine\nf\nit is not\nrude\n")
    assert "one says: fail" in ran.out
    assert "one says: pass" in ran.out
    assert "bob" not in ran.out
    assert "ann" not in ran.out
    final = {row["key"]: row for row in rows_of(review("export", "check").out)}
    settled = [row for row in final.values() if row["decided_by"] == "adjudicated"]
    assert sorted(row["label"] for row in settled) == ["fail", "pass"]
    assert sorted(row["comments"]["eve"] for row in settled) == ["it is fine", "it is not"]
    assert sorted(row["cause"] for row in final.values()) == ["", "rude", "wrong article"]
    assert "check is closed: 3 of 3 rows labelled, 2 causes named" in review("close", "check").out
    assert "review.recorded" in ferrata("ledger", "list").out
    for words in (["label", "check"], ["adjudicate", "check", "--as", "eve"], ["close", "check"]):
        ran = review(*words)
        assert (ran.status, "'check' is closed since" in ran.err) == (2, True)
    assert len(rows_of(review("export", "check").out)) == 3


def test_rows_on_which_people_differ_are_exported_when_asked_for(review: Callable[..., Any]) -> None:
    review("new", "check", "first-1", "--rows", "4", "--annotators", "2")
    keys = [row["key"] for row in rows_of(review("rows", "check").out)]
    for person, labels in (("ann", ["pass", "pass", "fail"]), ("bob", ["pass", "fail", "pass"])):
        rows = [{"key": key, "label": label} for key, label in zip(keys, labels, strict=False)]
        Path("labels.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        assert review("label", "check", "--as", person, "--file", "labels.jsonl").status == 0
    ran = review("export", "check")
    assert len(rows_of(ran.out)) == 1
    assert "1 row (unanimous 1); left out, as people differ: 2; left out, as nobody labelled them: 1\n" in ran.err
    assert "or write them with --undecided" in ran.err
    ran = review("export", "check", "--undecided")
    assert [(row["label"], row["labels"]) for row in rows_of(ran.out)] == [
        ("pass", {"ann": "pass", "bob": "pass"}),
        (None, {"ann": "pass", "bob": "fail"}),
        (None, {"ann": "fail", "bob": "pass"}),
    ]
    assert ran.err == (
        "1 row (unanimous 1); without a label, as people differ: 2; left out, as nobody labelled them: 1\n"
    )


def test_rows_are_chosen_by_several_rules(review: Callable[..., Any]) -> None:
    words = [
        "new",
        "check",
        "first-1",
        "--rows",
        "6",
        "--by",
        "random",
        "--by",
        "disagreement",
        "--by",
        "low-confidence",
    ]
    ran = review(*words)
    assert "chosen by  random 2, disagreement 2, low-confidence 0 (2 asked); seed 0" in ran.out
    assert "fewer than the 6 rows that were asked for" in ran.out
    assert "only rows that were chosen at random show how frequent something is" in ran.out
    keys = [row["key"] for row in rows_of(review("rows", "check").out)]
    Path("l.jsonl").write_text("".join(json.dumps({"key": key, "label": True}) + "\n" for key in keys))
    review("label", "check", "--as", "ann", "--file", "l.jsonl")
    found = rows_of(review("export", "check").out)
    assert sorted(row["chosen_by"] for row in found) == ["disagreement", "disagreement", "random", "random"]
    # Even and small differ on odd rows below 6 and on even ones from there on.
    assert all((row["n"] % 2 == 0) != (row["n"] < 6) for row in found if row["chosen_by"] == "disagreement")
    status = review("status", "check").out
    assert "of the rows chosen at random: no row has labels of two people yet" in status
    assert review("new", "again", *words[2:]).status == 0
    assert [row["key"] for row in rows_of(review("rows", "again").out)] == keys


def test_more_rows_than_there_are_takes_all_that_have_an_output(review: Callable[..., Any]) -> None:
    ran = review("new", "check", "first-1", "--rows", "50")
    assert "check: 9 rows of first-1" in ran.out
    assert "random 9 (50 asked)" in ran.out


def test_pairs_are_blind_and_exported_by_run(review: Callable[..., Any]) -> None:
    ran = review("new", "pairs", "first-1", "--against", "second-1", "--rows", "9")
    assert "pairs: 9 rows of first-1 against second-1" in ran.out
    assert "Which answer is better? (A|B|tie)" in ran.out
    shown = rows_of(review("rows", "pairs").out)
    assert {str(row["output_a"]["response"])[:5] for row in shown} == {"first", "secon"}
    ran = review("label", "pairs", "--as", "ann", typed="a\nb\nt\n" + "a\n" * 6)
    assert "first-1" not in ran.out
    assert "9 rows labelled." in ran.out
    assert "--- A" in ran.out
    # Whoever always took the side of the first run is found to have done so.
    sides = {row["key"]: "A" if str(row["output_a"]["response"]).startswith("first") else "B" for row in shown}
    Path("bob.jsonl").write_text("".join(json.dumps({"key": k, "label": v}) + "\n" for k, v in sides.items()))
    review("label", "pairs", "--as", "bob", "--file", "bob.jsonl")
    review("adjudicate", "pairs", "--as", "eve", typed="t\n\n" * 9)
    found = rows_of(review("export", "pairs").out)
    assert all(row["labels"]["bob"] == "A" for row in found)
    assert all(row["response_a"].startswith("first") and row["response_b"].startswith("second") for row in found)


def test_going_back_amends_and_keeps_the_old_label(review: Callable[..., Any], shop: Path) -> None:
    review("new", "check", "first-1", "--rows", "2", "--scale", "1-5")
    ran = review("label", "check", "--as", "ann", typed="4\n-\nc\nwell\n\n2\nrude\ns\n")
    assert "so far: 4" in ran.out
    assert "1 row labelled." in ran.out
    with open_app(shop) as app:
        kept = app.reviews.get("check")
        (label,) = app.reviews.labels(kept)
        assert (label.value, label.comment, label.cause) == ("2", "well", "rude")
        assert [one.value for one in app.reviews.labels(kept, history=True)] == ["4", "2"]
    # The cause that was named before is offered by a number, and --all goes through labels that are there.
    ran = review("label", "check", "--as", "ann", "--all", typed="1\n?\nz\n1\n1\n")
    assert "1. rude" in ran.out
    assert "not a label: 'z'" in ran.out
    assert json.loads(review("status", "check", "--json").out)["causes"] == {"rude": 2}
    # A label that is no failure any more has no cause of one.
    review("label", "check", "--as", "ann", "--all", typed="5\n5\n")
    assert json.loads(review("status", "check", "--json").out)["causes"] == {}


def test_a_row_that_another_has_done_meanwhile_is_passed_over(
    review: Callable[..., Any], shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ferrata.cli import review_label
    from ferrata.reviews import Label

    review("new", "check", "first-1", "--rows", "2")

    def key(_prompt: str) -> str:
        with open_app(shop) as app:  # bob labels both rows while ann looks at the first
            kept = app.reviews.get("check")
            app.reviews.give(kept, [Label(1, "bob", "pass"), Label(2, "bob", "pass")])
        return "p"

    monkeypatch.setattr(review_label, "read_key", key)
    ran = review("label", "check", "--as", "ann")
    assert "[2/2] meanwhile done by somebody else" in ran.out
    assert "1 row labelled." in ran.out  # what she said of the first is kept beside his
    assert [one[:2] for one in _people(review)] == [("bob", 2), ("ann", 1)]


def _people(review: Callable[..., Any]) -> list[tuple[str, int]]:
    return [(one["name"], one["labelled"]) for one in json.loads(review("status", "check", "--json").out)["people"]]


def test_a_review_outlives_its_run(review: Callable[..., Any], shop: Path) -> None:
    review("new", "check", "first-1", "--rows", "1")
    shutil.rmtree(shop / ".ferrata/evals/first-1")
    assert "1 row labelled." in review("label", "check", typed="p\n").out
    assert rows_of(review("export", "check").out)[0]["response"].startswith("first")
    assert "no run" in review("new", "other", "first-1").err


def test_a_file_is_labelled_and_exported_to_a_file(review: Callable[..., Any], ferrata: Callable[..., Any]) -> None:
    Path("given.jsonl").write_text('{"id": "a", "query": "q", "response": "r", "label": "pass"}\n')
    assert "check: 1 row of given.jsonl" in review("new", "check", "--from", "given.jsonl", "--scale", "good,bad").out
    assert "pass" not in review("rows", "check").out
    assert "1 = good, 2 = bad" in review("label", "check", typed="1\n").out
    ran = review("export", "check", "-o", "out.jsonl")
    assert (ran.out, ran.err) == ("", "1 row (single 1); left out, as people differ: 0\n")
    (row,) = rows_of(Path("out.jsonl").read_text())
    assert (row["key"], row["query"], row["response"], row["label"]) == ("a", "q", "r", "good")
    assert "there already" in review("export", "check", "-o", "out.jsonl").err
    assert ferrata("data", "check", "out.jsonl", "--fail-on", "error").status == 0
    listed = review("list").out.splitlines()
    assert listed[1].split() == ["check", "open", "1", "1", "0", "ann", "given.jsonl"]


def test_a_run_over_exported_labels_does_not_show_them(
    review: Callable[..., Any], ferrata: Callable[..., Any], shop: Path
) -> None:
    review("new", "check", "first-1", "--rows", "2")
    review("label", "check", typed="f\nsecret cause\nf\n1\n")
    review("export", "check", "-o", "labels.jsonl")
    ran = ferrata(
        "eval",
        "run",
        "--target",
        "bot.py:second",
        "--data",
        "labels.jsonl",
        "--evaluator",
        "own.py:even",
        "--name",
        "again",
    )
    assert ran.status == 0, ran.err
    review("new", "blind", "again")
    shown = review("rows", "blind").out
    assert "second" in shown
    assert "secret cause" not in shown
    assert "fail" not in shown


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["new", "x"], "give a run or --from FILE"),
        (["new", "x", "first-1", "--from", "rows.jsonl"], "give a run or --from FILE"),
        (["new", "x", "nowhere"], "no run"),
        (["new", "x", "first-1", "--against", "first-1"], "against itself shows the same output twice"),
        (["new", "x", "first-1", "--pairs"], "--pairs goes with --from"),
        (["new", "x", "--from", "rows.jsonl", "--against", "first-1"], "--against goes with a run"),
        (["new", "x", "first-1", "--scale", "5-1"], "has no two numbers"),
        (["new", "x", "first-1", "--scale", "A|B|tie"], "is for two outputs side by side"),
        (["new", "x", "first-1", "--against", "second-1", "--scale", "1-5"], "have the scale A|B|tie"),
        (["new", "x", "--from", "rows.jsonl", "--by", "failed"], "have no scores to choose by"),
        (["new", "x", "--from", "rows.jsonl"], "rows.jsonl:1: the row has no `response`"),
        (["new", "x", "first-1", "--by", "low-confidence"], "would have no row"),
        (["new", "a b", "first-1"], "not a name of a review"),
        (["label", "nothing"], "no review 'nothing'"),
        (["status", "nothing"], "no review 'nothing'"),
        (["export", "nothing"], "no review 'nothing'"),
        (["label", "nothing", "--as", "a\x1b[1m"], "not a name of a person: 'a\\x1b[1m'"),
    ],
)
def test_what_makes_no_sense_is_said_and_makes_nothing(
    review: Callable[..., Any], shop: Path, words: list[str], said: str
) -> None:
    ran = review(*words)
    assert (ran.status, ran.out) == (2, "")
    assert said in ran.err
    assert "Traceback" not in ran.err
    assert "no reviews" in review("list").out


def test_labels_that_fit_no_row_are_refused_together(review: Callable[..., Any]) -> None:
    review("new", "check", "first-1", "--rows", "2")
    (first, *_) = rows_of(review("rows", "check").out)
    Path("l.csv").write_text(f"key,label\n{first['key']},pass\nnone,pass\n{first['key']},maybe\n")
    ran = review("label", "check", "--file", "l.csv")
    assert ran.status == 2
    assert "the review 'check' has no row 'none'" in ran.err
    assert "has a label already, further up" in ran.err
    assert json.loads(review("status", "check", "--json").out)["missing_labels"] == 2


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs a pseudo-terminal")
def test_labelling_on_a_terminal_takes_one_key_and_control_c_loses_nothing(
    review: Callable[..., Any], shop: Path
) -> None:
    review("new", "check", "first-1", "--rows", "4")
    words = ["review", "label", "check", "--as", "ann", "--project", str(shop)]
    keys = [b"p", b"\x1b[A", b"pp", b"f"]  # an arrow and a pasted text are no labels
    steps = [(b"label> ", key) for key in keys]
    cause = b"cause of the failure (number, few words, or empty)> "
    status, screen = typed_on_a_terminal(words, [*steps, (cause, b"rude\n"), (b"label> ", b"\x03")])
    assert status == 0, screen
    assert "label> p\n" in screen
    assert screen.count("not a label: ''") == 2
    assert "2 rows labelled." in screen
    status, screen = typed_on_a_terminal(words, [(b"label> ", b"f"), (cause, b"\x03")])
    assert status == 0, screen
    assert "1. rude" in screen
    assert "1 row labelled." in screen  # the label stands, although its cause was not said
    assert json.loads(review("status", "check", "--json").out)["missing_labels"] == 1
