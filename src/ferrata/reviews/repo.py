"""Keeps and finds reviews, their items and their labels. Knows neither how rows are chosen nor how people are asked."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select, update

from ferrata.clock import format_time
from ferrata.errors import NotFound, UsageError
from ferrata.reviews.scales import Scale
from ferrata.reviews.tables import ITEM, LABEL, MIGRATIONS, REVIEW
from ferrata.reviews.types import Body, Item, Label, Review, check_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from sqlalchemy import Connection, Row

    from ferrata.assets import Ledger
    from ferrata.clock import Clock
    from ferrata.reviews.types import Draft
    from ferrata.store import Store

__all__ = ["Reviews"]

_CLOSED_HINT = "its labels stay as they are: `ferrata review export`"
_COUNT = select(func.count()).where(ITEM.c.review == REVIEW.c.id).scalar_subquery()
_NEWEST = select(func.max(LABEL.c.id).label("id")).group_by(LABEL.c.item, LABEL.c.person, LABEL.c.final).order_by(None)


class Reviews:
    """The reviews of one project.

    Args:
        store: where they lie; their tables are made if they are missing.
        clock: dates what is said.
        project: whose reviews they are.
        actor: who begins reviews.
        ledger: gives the ledger, for the record of a review that is closed.

    Raises:
        StoreUnavailable: the database cannot be used.
    """

    room = "reviews"
    migrations = MIGRATIONS

    def __init__(self, store: Store, clock: Clock, *, project: str, actor: str, ledger: Callable[[], Ledger]) -> None:
        self._store = store
        self._clock = clock
        self._project = project
        self._actor = actor
        self._ledger = ledger
        store.migrate(self.room, self.migrations)

    def add(self, draft: Draft) -> Review:
        """Begin a review.

        Raises:
            UsageError: the name is taken or is none, or there is no row.
        """
        name = check_name(draft.name)
        if not draft.items:
            raise UsageError(
                f"the review {name!r} would have no row", hint="choose rows by another rule, or of another run"
            )
        with self._store.write() as connection:
            self._store.lock(connection, "ferrata.reviews")
            if connection.execute(select(REVIEW.c.id).where(*self._named(name))).first() is not None:
                raise UsageError(f"there is a review {name!r} already", hint="give another name")
            values = {
                "project": self._project,
                "name": name,
                "source": draft.source,
                "against": draft.against,
                "scale": draft.scale.text,
                "question": draft.question or draft.scale.question,
                "instructions": draft.instructions,
                "annotators": draft.annotators,
                "seed": draft.seed,
                "made_by": self._actor,
                "created": format_time(self._clock.now()),
                "closed": "",
            }
            id = connection.execute(REVIEW.insert().values(values).returning(REVIEW.c.id)).scalar_one()
            rows: list[dict[str, Any]] = [
                {
                    "review": id,
                    "number": number,
                    "key": item.key,
                    "chosen_by": item.chosen_by,
                    "swapped": int(item.swapped),
                    "body": _text_of(item.body),
                }
                for number, item in enumerate(draft.items, 1)
            ]
            connection.execute(ITEM.insert(), rows)
        return self.get(name)

    def get(self, name: str) -> Review:
        """The review of a name.

        Raises:
            NotFound: there is none.
        """
        with self._store.read() as connection:
            row = connection.execute(select(REVIEW, _COUNT.label("rows")).where(*self._named(name))).first()
        if row is None:
            names = ", ".join(review.name for review in self.all()[:5])
            hint = f"there is {names}" if names else "begin one with `ferrata review new NAME RUN`"
            raise NotFound(f"no review {name!r}", hint=hint)
        return _review(row)

    def all(self) -> list[Review]:
        """All reviews, the newest first."""
        query = (
            select(REVIEW, _COUNT.label("rows")).where(REVIEW.c.project == self._project).order_by(REVIEW.c.id.desc())
        )
        with self._store.read() as connection:
            return [_review(row) for row in connection.execute(query)]

    def items(self, review: Review) -> list[Item]:
        """Its items in their order."""
        c = ITEM.c
        query = select(c.id, c.number, c.key, c.chosen_by, c.swapped).where(c.review == review.id).order_by(c.number)
        with self._store.read() as connection:
            return [
                Item(row.id, row.number, row.key, row.chosen_by, bool(row.swapped)) for row in connection.execute(query)
            ]

    def body(self, item: Item) -> Body:
        """What people are shown of an item."""
        with self._store.read() as connection:
            text = connection.execute(select(ITEM.c.body).where(ITEM.c.id == item.id)).scalar_one()
        return Body(**json.loads(text))

    def labels(self, review: Review, *, history: bool = False) -> list[Label]:
        """What was said, in the order in which it was: of each person and item the newest; with `history`, all of it."""
        query = select(LABEL).where(LABEL.c.review == review.id).order_by(LABEL.c.id)
        if not history:
            query = query.where(LABEL.c.id.in_(_NEWEST.where(LABEL.c.review == review.id)))
        with self._store.read() as connection:
            return [_label(row) for row in connection.execute(query)]

    def give(self, review: Review, labels: Iterable[Label]) -> int:
        """Keep labels, all or none; how many said something new.

        A person's second label of an item amends the first, which stays in the history. A label beyond the number of
        annotators that was asked for is kept as well.

        Raises:
            UsageError: the review is closed, has no such item, or the label is none of its scale.
        """
        given = [self._checked(review, label) for label in labels]
        with self._store.write() as connection:
            self._lock_open(connection, review)
            query = select(LABEL).where(LABEL.c.id.in_(_NEWEST.where(LABEL.c.review == review.id)))
            known = {_label(row) for row in connection.execute(query)}
            at = format_time(self._clock.now())
            rows: list[dict[str, Any]] = [
                {
                    "review": review.id,
                    "item": label.item,
                    "person": label.person,
                    "value": label.value,
                    "comment": label.comment,
                    "cause": label.cause,
                    "seconds": label.seconds,
                    "final": int(label.final),
                    "at": at,
                }
                for label in given
                if label not in known
            ]
            if rows:
                connection.execute(LABEL.insert(), rows)
        return len(rows)

    def close(self, review: Review) -> tuple[int, int]:
        """End a review: no more labels are taken. Notes it in the ledger, if somebody labelled a row.

        Returns:
            How many rows have a label, and how many distinct causes of failure were named.

        Raises:
            UsageError: it is closed already.
        """
        ledger = self._ledger()
        with self._store.write() as connection:
            self._lock_open(connection, review)
            query = select(LABEL).where(LABEL.c.id.in_(_NEWEST.where(LABEL.c.review == review.id)))
            labels = [_label(row) for row in connection.execute(query)]
            rows = len({label.item for label in labels})
            causes = len({label.cause.casefold() for label in labels if label.cause})
            closed = format_time(self._clock.now())
            connection.execute(update(REVIEW).where(REVIEW.c.id == review.id).values(closed=closed))
            if rows:
                ledger.append_in(
                    connection,
                    "review.recorded",
                    subjects=[f"review/{review.name}"],
                    payload={"rows": rows, "causes": causes},
                )
        return rows, causes

    def _named(self, name: str) -> Sequence[Any]:
        return REVIEW.c.project == self._project, REVIEW.c.name == name

    def _lock_open(self, connection: Connection, review: Review) -> None:
        self._store.lock(connection, f"ferrata.review.{review.id}")
        closed = connection.execute(select(REVIEW.c.closed).where(REVIEW.c.id == review.id)).scalar_one()
        if closed:
            raise UsageError(f"the review {review.name!r} is closed since {closed}", hint=_CLOSED_HINT)

    def _checked(self, review: Review, label: Label) -> Label:
        if label.value not in review.scale.labels:
            raise UsageError(
                f"not a label of the scale {review.scale.text}: {label.value!r}",
                hint=f"give {', '.join(review.scale.labels)}",
            )
        if not 1 <= label.item <= review.rows:
            raise UsageError(f"the review {review.name!r} has no row {label.item!r}")
        return label


def _review(row: Row[Any]) -> Review:
    return Review(
        row.id,
        row.name,
        row.source,
        row.against,
        Scale.parse(row.scale),
        row.question,
        row.instructions,
        row.annotators,
        row.seed,
        row.made_by,
        row.created,
        row.closed,
        row.rows,
    )


def _label(row: Row[Any]) -> Label:
    return Label(row.item, row.person, row.value, row.comment, row.cause, row.seconds, bool(row.final), row.at)


def _text_of(body: Body) -> str:
    return json.dumps(vars(body), default=str)
