"""Stores and finds assessments and answers. Knows nothing of what they mean."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from pydantic import ValidationError

from ferrata.errors import NotFound, UsageError
from ferrata.maturity.evidence import Answer
from ferrata.maturity.reports import HistoryPoint
from ferrata.maturity.types import Assessment

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import Connection, Table

    from ferrata.store import Migration, Store

__all__ = ["AssessmentRow", "MaturityRepo"]


class AssessmentRow(NamedTuple):
    """An assessment in a list: `seq` is its number, `level` None where no LLM use was found."""

    seq: int
    id: str
    at: str
    level: int | None
    score: int


class MaturityRepo:
    """Assessments and answers of one project.

    Raises:
        StoreUnavailable: the database cannot be used.
    """

    room = "maturity"

    def __init__(self, store: Store, project: str) -> None:
        # Here, so that who needs no store does not wait for SQLAlchemy to load.
        from ferrata.maturity.tables import ANSWER, ASSESSMENT

        self._store = store
        self._project = project
        self._assessments: Table = ASSESSMENT
        self._answers: Table = ANSWER
        store.migrate(self.room, self.migrations())

    @staticmethod
    def migrations() -> Sequence[Migration]:
        """What makes its tables."""
        from ferrata.maturity.tables import MIGRATIONS

        return MIGRATIONS

    def add_assessment(self, connection: Connection, assessment: Assessment) -> None:
        """Store an assessment within the caller's transaction."""
        connection.execute(
            self._assessments.insert().values(
                id=assessment.id,
                project=self._project,
                at=assessment.at,
                level=assessment.level,
                score=assessment.score,
                document=assessment.model_dump_json(),
            )
        )

    def assessments(self, *, limit: int | None = None) -> list[AssessmentRow]:
        """The assessments, the newest first."""
        c = self._assessments.c
        every = self._assessments.select().with_only_columns(c.seq, c.id, c.at, c.level, c.score)
        query = every.where(c.project == self._project).order_by(c.seq.desc()).limit(limit)
        with self._store.read() as connection:
            return [AssessmentRow(*row) for row in connection.execute(query)]

    def assessment(self, name: str) -> Assessment:
        """One assessment: by id or the beginning of one, `latest`, `previous`, or `-1`, `-2`, ... from the newest.

        Raises:
            NotFound: there is none of that name.
            UsageError: several ids begin so.
        """
        rows = self.assessments()
        back = _steps_back(name)
        found = (
            rows[back : back + 1]
            if back is not None
            else [row for row in rows if name and row.id.startswith(name.lower())]
        )
        if not found:
            there = {0: "there is none yet", 1: "there is only one"}.get(len(rows), f"there are {len(rows)}")
            raise NotFound(
                f"no assessment {name!r} of {self._project!r}: {there}",
                hint="list them with `ferrata history`" if rows else "make one with `ferrata assess`",
            )
        if len(found) > 1:
            raise UsageError(f"{len(found)} assessments have an id that begins with {name!r}", hint="give more of it")
        c = self._assessments.c
        query = self._assessments.select().with_only_columns(c.document).where(c.id == found[0].id)
        with self._store.read() as connection:
            text = connection.execute(query).scalar_one()
        try:
            return Assessment.model_validate_json(text)
        except ValidationError:
            raise UsageError(
                f"assessment {found[0].id} was made by another version of Ferrata and cannot be read"
            ) from None

    def trend(self, *, until: str, limit: int = 60) -> list[HistoryPoint]:
        """Score, level and points per dimension of the newest assessments up to a moment, the oldest first."""
        c = self._assessments.c
        query = (
            self._assessments.select()
            .with_only_columns(c.document)
            .where(c.project == self._project, c.at <= until, c.level.is_not(None))
            .order_by(c.seq.desc())
            .limit(limit)
        )
        points: list[HistoryPoint] = []
        with self._store.read() as connection:
            for row in connection.execute(query):
                document = json.loads(row.document)
                by_dimension = {d["id"]: d["points"] for d in document["dimensions"]}
                points.append(HistoryPoint(document["at"], document["score"], document["level"], by_dimension))
        return points[::-1]

    def add_answers(self, connection: Connection, answers: Iterable[Answer]) -> None:
        """Store answers within the caller's transaction; each stands until the same respondent amends it."""
        rows = [{"project": self._project, **answer._asdict()} for answer in answers]
        if rows:
            connection.execute(self._answers.insert(), rows)

    def answers(self) -> list[Answer]:
        """The latest answer of each respondent to each practice."""
        c = self._answers.c
        query = (
            self._answers.select()
            .with_only_columns(c.practice, c.respondent, c.value, c.note, c.link, c.at)
            .where(c.project == self._project)
            .order_by(c.seq)
        )
        with self._store.read() as connection:
            latest = {(row.practice, row.respondent): Answer(*row) for row in connection.execute(query)}
        return list(latest.values())


def _steps_back(name: str) -> int | None:
    """How many steps before the newest a name says; None where it is the beginning of an id."""
    if name in ("latest", "previous"):
        return int(name == "previous")
    digits = name.removeprefix("-")
    if digits != name and digits.isascii() and digits.isdecimal() and len(digits) < 10 and int(digits) > 0:
        return int(digits) - 1
    return None
