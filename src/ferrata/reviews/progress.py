"""How far a review is: what each person has said and has still to say, what is settled, and where people differ.

Knows no database and no terminal.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Any, NamedTuple

from ferrata.reviews.agreement import Agreed, agreement_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ferrata.reviews.types import Item, Label, Review

__all__ = ["Decision", "Person", "Progress", "decisions_of", "open_items", "order_for", "progress_of", "unsettled"]


class Decision(NamedTuple):
    """What an item came to.

    Attributes:
        labels: of annotators, by person.
        final: the label that an adjudicator gave last; None if nobody did.
        settled: the label that holds, of the sides as shown; None where annotators differ, or there is no label.
        by: `adjudicated`, `unanimous` (of as many people as were asked for), `single` (one label, and one was asked for),
            `incomplete` (fewer agreeing labels than were asked for); empty where nothing is settled.
    """

    labels: dict[str, Label]
    final: Label | None
    settled: str | None
    by: str


class Person(NamedTuple):
    """What an annotator did: rows labelled, rows that wait for them, and the middle of the seconds that a label took."""

    name: str
    labelled: int
    open: int
    seconds: float | None


@dataclass(frozen=True)
class Progress:
    """How far a review is.

    Attributes:
        review: which.
        chosen: rule -> rows that it chose.
        complete: rows with as many labels as were asked for, or a final one.
        missing: labels that are still to be given.
        differing: rows on which annotators differ and nobody has decided.
        settled: rows with a label that holds.
        adjudicated: of these, rows with a final label.
        incomplete: of these, rows with fewer labels than were asked for.
        people: the annotators, in the order in which they began.
        agreed: over all rows.
        agreed_random: over the rows that were chosen at random, where others were as well; else None.
        causes: cause of failure -> rows, the most frequent first.
    """

    review: Review
    chosen: dict[str, int]
    complete: int
    missing: int
    differing: int
    settled: int
    adjudicated: int
    incomplete: int
    people: list[Person]
    agreed: Agreed
    agreed_random: Agreed | None
    causes: dict[str, int]

    def as_json(self) -> dict[str, Any]:
        """All of it as data."""
        review = self.review
        return {
            "review": review.name,
            "source": review.source,
            "against": review.against or None,
            "question": review.question,
            "scale": review.scale.text,
            "annotators": review.annotators,
            "seed": review.seed,
            "created": review.created,
            "closed": review.closed or None,
            "rows": review.rows,
            "chosen_by": self.chosen,
            "complete": self.complete,
            "missing_labels": self.missing,
            "differing": self.differing,
            "settled": self.settled,
            "adjudicated": self.adjudicated,
            "incomplete": self.incomplete,
            "people": [person._asdict() for person in self.people],
            "agreement": self.agreed._asdict(),
            "agreement_random": None if self.agreed_random is None else self.agreed_random._asdict(),
            "causes": self.causes,
        }


def decisions_of(review: Review, items: Sequence[Item], labels: Sequence[Label]) -> dict[int, Decision]:
    """What each item came to, by its number."""
    said: dict[int, dict[str, Label]] = {item.number: {} for item in items}
    final: dict[int, Label] = {}
    for label in labels:
        if label.final:
            final[label.item] = label
        else:
            said[label.item][label.person] = label
    return {number: _decision(review, of, final.get(number)) for number, of in said.items()}


def _decision(review: Review, labels: dict[str, Label], final: Label | None) -> Decision:
    if final is not None:
        return Decision(labels, final, final.value, "adjudicated")
    values = {label.value for label in labels.values()}
    if len(values) != 1:
        return Decision(labels, None, None, "")
    how = "incomplete" if len(labels) < review.annotators else "single" if len(labels) == 1 else "unanimous"
    return Decision(labels, None, values.pop(), how)


def unsettled(decisions: dict[int, Decision]) -> list[int]:
    """The numbers of the items on which annotators differ and nobody has decided."""
    return [number for number, one in decisions.items() if one.final is None and len(one.labels) > 1 and not one.by]


def open_items(review: Review, decisions: dict[int, Decision], person: str) -> list[int]:
    """The items that a person may still label: not labelled by them, nor by as many others as were asked for."""
    return [
        number
        for number, one in decisions.items()
        if one.final is None and person not in one.labels and len(one.labels) < review.annotators
    ]


def order_for(review: Review, items: Sequence[Item], person: str) -> list[Item]:
    """The items in the order in which a person sees them: each in another, the same at each time."""
    order = list(items)
    random.Random(f"{review.seed} {review.name} {person}").shuffle(order)  # noqa: S311 - an order, no secret
    return order


def progress_of(review: Review, items: Sequence[Item], labels: Sequence[Label]) -> Progress:
    """How far a review is; `labels` are the newest of each person and item."""
    decisions = decisions_of(review, items, labels)
    rule_of = {item.number: item.chosen_by for item in items}
    chosen = Counter(rule_of.values())
    said = {item.number: _sayings(review, item, decisions[item.number]) for item in items}
    by_chance = [said[number] for number, rule in rule_of.items() if rule == "random"]
    people = dict.fromkeys(label.person for label in labels if not label.final)
    causes = Counter(
        cause for one in decisions.values() for cause in {label.cause for label in _all_of(one) if label.cause}
    )
    return Progress(
        review,
        dict(chosen),
        sum(one.final is not None or len(one.labels) >= review.annotators for one in decisions.values()),
        sum(max(review.annotators - len(one.labels), 0) for one in decisions.values() if one.final is None),
        len(unsettled(decisions)),
        sum(one.settled is not None for one in decisions.values()),
        sum(one.final is not None for one in decisions.values()),
        sum(one.by == "incomplete" for one in decisions.values()),
        [_person(review, decisions, name) for name in people],
        agreement_of(said.values()),
        agreement_of(by_chance) if len(chosen) > 1 and by_chance else None,
        dict(causes.most_common()),
    )


def _sayings(review: Review, item: Item, one: Decision) -> dict[str, str]:
    """Person -> label; of a pair, of what was shown and not of the side that it was shown on."""
    turned = review.scale.turned if item.swapped else str
    return {person: turned(label.value) for person, label in one.labels.items()}


def _all_of(one: Decision) -> list[Label]:
    return [*one.labels.values(), *([one.final] if one.final else [])]


def _person(review: Review, decisions: dict[int, Decision], name: str) -> Person:
    own = [one.labels[name] for one in decisions.values() if name in one.labels]
    times = [label.seconds for label in own if label.seconds is not None]
    waiting = len(open_items(review, decisions, name)) if review.is_open else 0
    return Person(name, len(own), waiting, median(times) if times else None)
