"""Reviews as rows of data."""

from __future__ import annotations

from typing import Any

import pytest

from ferrata.reviews import Body, Item, Label, Review, Scale, decisions_of, exported_row, shown_row


def exported(scale: str, body: Body, *labels: Label, swapped: bool = False) -> dict[str, Any]:
    review = Review(1, "check", "golden-1", "", Scale.parse(scale), "?", "", 2, 0, "ann", "t", "", 1)
    item = Item(1, 1, "k1", "failed", swapped)
    return exported_row(review, item, body, decisions_of(review, [item], labels)[1])


def test_a_row_has_inputs_output_label_and_who_said_what() -> None:
    body = Body({"query": "q", "label": "mine"}, {"response": "r", "context": "c"}, None, 6, 1, "d:7")
    found = exported("1-5", body, Label(1, "ann", "2", "no", "rude"), Label(1, "bob", "2"))
    assert found == {
        "key": "k1",
        "query": "q",
        "inputs.label": "mine",
        "response": "r",
        "context": "c",
        "label": 2,
        "decided_by": "unanimous",
        "labels": {"ann": 2, "bob": 2},
        "chosen_by": "failed",
        "cause": "rude",
        "comments": {"ann": "no"},
        "run": "golden-1",
        "row": 6,
        "repeat": 1,
    }


@pytest.mark.parametrize(
    ("output", "response"),
    [({"answer": "a", "x": 1}, "a"), ({"x": 1}, 1), ({"x": 1, "y": 2}, {"x": 1, "y": 2}), ({"response": "r"}, "r")],
)
def test_what_is_rated_is_the_response(output: dict[str, Any], response: Any) -> None:
    found = exported("pass-fail", Body({"context": "c"}, output), Label(1, "ann", "pass"))
    assert (found["response"], found["context"], found["label"]) == (response, "c", "pass")


@pytest.mark.parametrize("swapped", [False, True])
def test_the_label_of_a_pair_speaks_of_runs_and_not_of_sides(swapped: bool) -> None:
    body = Body({"query": "q"}, {"response": "mine"}, {"response": "theirs"})
    shown = shown_row(Item(1, 1, "k1", "random", swapped), body)
    assert shown["output_a"] == {"response": "theirs" if swapped else "mine"}
    side = "B" if swapped else "A"  # where the review's own run is
    found = exported(
        "A|B|tie",
        body,
        Label(1, "ann", side),
        Label(1, "bob", "tie"),
        Label(1, "cid", side, "why", final=True),
        swapped=swapped,
    )
    assert (found["response_a"], found["response_b"]) == ("mine", "theirs")
    assert (found["label"], found["labels"], found["decided_by"]) == ("A", {"ann": "A", "bob": "tie"}, "adjudicated")
    assert found["comments"] == {"cid": "why"}


def test_what_is_shown_says_nothing_of_the_choice() -> None:
    shown = shown_row(Item(1, 1, "k1", "failed", False), Body({"query": "q"}, {"response": "r"}, None, 6))
    assert shown == {"key": "k1", "inputs": {"query": "q"}, "output": {"response": "r"}}


def test_a_row_on_which_people_differ_has_what_each_said_and_no_label() -> None:
    found = exported("1-5", Body({}, {"response": "r"}), Label(1, "ann", "2"), Label(1, "bob", "4"))
    assert (found["label"], found["decided_by"], found["labels"]) == (None, None, {"ann": 2, "bob": 4})


def test_the_cause_is_of_the_label_that_holds() -> None:
    one, other = Label(1, "ann", "pass", cause="odd"), Label(1, "bob", "fail", cause="wrong")
    assert exported("pass-fail", Body({}, {}), one, other, Label(1, "cid", "fail", final=True))["cause"] == "wrong"
    assert exported("pass-fail", Body({}, {}), one, Label(1, "cid", "fail", "", "late", final=True))["cause"] == "late"
