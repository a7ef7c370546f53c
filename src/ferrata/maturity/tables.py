"""Tables of assessments and answers. Both are append-only: an amended answer is a new row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Column, Double, Integer, MetaData, Table, Text

from ferrata.store import Migration

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["ANSWER", "ASSESSMENT", "MIGRATIONS"]

_METADATA = MetaData()
ASSESSMENT = Table(
    "assessment",
    _METADATA,
    Column("seq", Integer, primary_key=True),
    Column("id", Text, nullable=False, unique=True),
    Column("project", Text, nullable=False),
    Column("at", Text, nullable=False),
    Column("level", Integer),
    Column("score", Integer, nullable=False),
    Column("document", Text, nullable=False),
)
ANSWER = Table(
    "answer",
    _METADATA,
    Column("seq", Integer, primary_key=True),
    Column("project", Text, nullable=False),
    Column("practice", Text, nullable=False),
    Column("respondent", Text, nullable=False),
    Column("value", Double),
    Column("note", Text, nullable=False),
    Column("link", Text, nullable=False),
    Column("at", Text, nullable=False),
)


def m001_assessments_and_answers(connection: Connection) -> None:
    """Make both tables."""
    _METADATA.create_all(connection, checkfirst=False)
    connection.exec_driver_sql("CREATE INDEX assessment_by_project ON assessment (project, seq)")
    connection.exec_driver_sql("CREATE INDEX answer_by_project ON answer (project, seq)")


MIGRATIONS = (Migration("m001_assessments_and_answers", m001_assessments_and_answers),)
