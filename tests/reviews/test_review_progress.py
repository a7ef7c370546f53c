"""How far a review is, and what its rows come to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ferrata.reviews import (
    Item,
    Label,
    Review,
    Scale,
    agreement_of,
    decisions_of,
    open_items,
    order_for,
    progress_of,
    unsettled,
)

if TYPE_CHECKING:
    from collections.abc import Sequence


def review(scale: str = "pass-fail", *, annotators: int = 2, rows: int = 4, closed: str = "") -> Review:
    return Review(1, "check", "golden-1", "", Scale.parse(scale), "Good?", "", annotators, 3, "ann", "t", closed, rows)


def items(rows: int = 4, *, swapped: Sequence[int] = ()) -> list[Item]:
    return [Item(i, i, f"k{i}", "random" if i < 3 else "failed", i in swapped) for i in range(1, rows + 1)]


def labels(*said: str) -> list[Label]:
    """`1 ann pass` each; of `final`, that it settles the row."""
    found: list[Label] = []
    for text in said:
        item, person, value, *rest = text.split(maxsplit=3)
        found.append(Label(int(item), person, value, cause="".join(rest).replace("final", ""), final="final" in rest))
    return found


SAID = labels(
    "1 ann pass",
    "1 bob pass",
    "2 ann pass",
    "2 bob fail wrong",
    "3 ann fail rude",
    "4 ann fail",
    "4 bob pass",
    "4 cid fail final",
)


def test_what_rows_come_to() -> None:
    found = decisions_of(review(), items(), SAID)
    assert [(one.settled, one.by) for one in found.values()] == [
        ("pass", "unanimous"),
        (None, ""),
        ("fail", "incomplete"),
        ("fail", "adjudicated"),
    ]
    assert unsettled(found) == [2]
    assert decisions_of(review(annotators=1), items(1), labels("1 ann fail"))[1].by == "single"
    assert decisions_of(review(), items(1), [])[1][1:] == (None, None, "")
    again = decisions_of(review(), items(1), labels("1 cid fail final", "1 dan pass final"))
    assert again[1].settled == "pass"  # the last word


def test_who_has_still_to_do_what() -> None:
    found = decisions_of(review(), items(), SAID)
    assert [open_items(review(), found, who) for who in ("ann", "bob", "eve")] == [[], [3], [3]]


def test_how_far_it_is() -> None:
    found = progress_of(review(), items(), SAID)
    assert (found.chosen, found.complete, found.missing, found.differing) == ({"random": 2, "failed": 2}, 3, 1, 1)
    assert (found.settled, found.adjudicated, found.incomplete) == (3, 1, 1)
    assert [one[:3] for one in found.people] == [("ann", 4, 0), ("bob", 3, 1)]
    assert found.agreed == (3, pytest.approx(1 / 3))
    assert found.agreed_random == (2, 0.5)
    assert found.causes == {"wrong": 1, "rude": 1}
    assert found.as_json()["agreement"] == {"rows": 3, "share": pytest.approx(1 / 3)}
    assert [one.open for one in progress_of(review(closed="t"), items(), SAID).people] == [0, 0]


def test_people_agree_on_what_was_shown_and_not_on_its_side() -> None:
    """Both prefer the same run in the second row, whose sides are exchanged for both."""
    found = progress_of(
        review("A|B|tie", rows=2), items(2, swapped=[2]), labels("1 ann A", "1 bob A", "2 ann B", "2 bob B")
    )
    assert found.agreed == (2, 1.0)


def test_raw_agreement_counts_pairs_of_people() -> None:
    assert agreement_of([]) == (0, None)
    assert agreement_of([{"ann": "x"}]) == (0, None)
    assert agreement_of([{"ann": "x", "bob": "x", "cid": "y"}, {"ann": "x", "bob": "x"}]) == (2, pytest.approx(2 / 3))


def test_each_person_has_an_order_of_their_own_that_stays() -> None:
    many = items(30)
    orders = {who: [one.number for one in order_for(review(rows=30), many, who)] for who in ("ann", "bob")}
    assert orders["ann"] != orders["bob"]
    assert all(sorted(order) == list(range(1, 31)) != order for order in orders.values())
    assert orders["ann"] == [one.number for one in order_for(review(rows=30), list(many), "ann")]
