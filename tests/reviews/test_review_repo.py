"""Reviews in the database, on SQLite and PostgreSQL."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from ferrata.errors import NotFound, UsageError
from ferrata.reviews import Body, Label, Reviews

if TYPE_CHECKING:
    from collections.abc import Callable

    from ferrata.assets import Ledger
    from ferrata.clock import FrozenClock
    from ferrata.reviews import Draft
    from ferrata.store import Store


def test_a_review_is_kept_with_what_people_are_shown(reviews: Reviews, draft: Callable[..., Draft]) -> None:
    # Characters that a database refuses in a text: NUL, and half of a surrogate pair.
    odd = Body({"query": "a\x00b \ud83d é"}, {"response": "🙂\x1b[31m", "n": [1, None, {"x": 2.5}]}, None, 7, 1, "d:7")
    asked = draft(2, scale="1-5", question="How kind?", instructions="Be strict.", annotators=2, seed=5)
    items = [*asked.items, replace(asked.items[0], key="odd", body=odd)]
    review = reviews.add(replace(asked, items=items))
    assert review == reviews.get("check")
    assert (review.name, review.source, review.rows, review.annotators, review.seed) == ("check", "golden-1", 3, 2, 5)
    assert (review.question, review.instructions, review.made_by) == ("How kind?", "Be strict.", "ann")
    assert (review.scale.labels, review.is_open) == (("1", "2", "3", "4", "5"), True)
    found = reviews.items(review)
    assert [(item.number, item.key, item.chosen_by) for item in found] == [
        (1, "k1", "random"),
        (2, "k2", "failed"),
        (3, "odd", "random"),
    ]
    assert reviews.body(found[2]) == odd
    assert [one.name for one in reviews.all()] == ["check"]


def test_a_name_is_taken_once_in_a_project(
    reviews: Reviews, store: Store, clock: FrozenClock, ledger: Ledger, draft: Callable[..., Draft]
) -> None:
    reviews.add(draft())
    with pytest.raises(UsageError, match="there is a review 'check' already"):
        reviews.add(draft(1))
    other = Reviews(store, clock, project="other", actor="bob", ledger=lambda: ledger)
    assert other.add(draft(1)).rows == 1
    assert reviews.get("check").rows == 3
    with pytest.raises(NotFound, match="no review 'chek'") as caught:
        reviews.get("chek")
    assert caught.value.hint == "there is check"
    for name in ("", "a/b", "-a", "a b", "x" * 101):
        with pytest.raises(UsageError, match="not a name of a review"):
            reviews.add(draft(name=name))
    with pytest.raises(UsageError, match="would have no row"):
        reviews.add(draft(0, name="empty"))


def test_an_amended_label_keeps_the_old_one(reviews: Reviews, clock: FrozenClock, draft: Callable[..., Draft]) -> None:
    review = reviews.add(draft())
    first = Label(1, "ann", "pass", seconds=3.5)
    assert reviews.give(review, [first]) == 1
    clock.advance(timedelta(minutes=1))
    assert reviews.give(review, [first]) == 0  # says nothing new
    assert reviews.give(review, [replace(first, value="fail", cause="wrong")]) == 1
    assert reviews.give(review, [Label(1, "bob", "pass"), Label(2, "ann", "pass")]) == 2
    assert [(one.item, one.person, one.value, one.cause) for one in reviews.labels(review)] == [
        (1, "ann", "fail", "wrong"),
        (1, "bob", "pass", ""),
        (2, "ann", "pass", ""),
    ]
    history = reviews.labels(review, history=True)
    assert [(one.person, one.value, one.seconds, one.at[14:16]) for one in history[:2]] == [
        ("ann", "pass", 3.5, "00"),
        ("ann", "fail", 3.5, "01"),
    ]


def test_labels_are_taken_all_or_none(reviews: Reviews, draft: Callable[..., Draft]) -> None:
    review = reviews.add(draft())
    for wrong, message in [
        (Label(2, "ann", "maybe"), "not a label of the scale pass-fail: 'maybe'"),
        (Label(4, "ann", "pass"), "has no row 4"),
    ]:
        with pytest.raises(UsageError, match=message):
            reviews.give(review, [Label(1, "ann", "pass"), wrong])
    assert reviews.labels(review) == []


def test_two_people_who_label_the_same_row_at_once_lose_nothing(reviews: Reviews, draft: Callable[..., Draft]) -> None:
    review = reviews.add(draft(10))
    together = threading.Barrier(3)

    def work(person: str) -> None:
        together.wait()
        for number in range(1, 11):
            reviews.give(review, [Label(number, person, "pass")])

    threads = [threading.Thread(target=work, args=(person,)) for person in ("ann", "bob", "cid")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    said = {(one.person, one.item) for one in reviews.labels(review)}
    assert said == {(person, number) for person in ("ann", "bob", "cid") for number in range(1, 11)}


def test_a_closed_review_takes_no_label_and_is_in_the_ledger_once(
    reviews: Reviews, ledger: Ledger, draft: Callable[..., Draft]
) -> None:
    review = reviews.add(draft())
    given: list[dict[str, Any]] = [
        {"item": 1, "person": "ann", "value": "fail", "cause": "Wrong article"},
        {"item": 1, "person": "bob", "value": "fail", "cause": "wrong article"},
        {"item": 2, "person": "ann", "value": "fail", "cause": "rude"},
    ]
    reviews.give(review, [Label(**one) for one in given])
    assert reviews.close(review) == (2, 2)
    with pytest.raises(UsageError, match="the review 'check' is closed since"):
        reviews.give(review, [Label(3, "ann", "pass")])
    with pytest.raises(UsageError, match="is closed since"):
        reviews.close(review)
    assert not reviews.get("check").is_open
    records = list(ledger.records(action="review.recorded"))
    assert [(one.subjects, dict(one.payload)) for one in records] == [(("review/check",), {"rows": 2, "causes": 2})]


def test_a_review_that_nobody_labelled_is_closed_without_a_record(
    reviews: Reviews, ledger: Ledger, draft: Callable[..., Draft]
) -> None:
    assert reviews.close(reviews.add(draft())) == (0, 0)
    assert list(ledger.records(action="review.recorded")) == []
