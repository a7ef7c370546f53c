"""Tables of reviews. Labels are append-only: an amended label is a new row, and the newest one counts.

What people are shown lies in the item itself, so that a review outlives its run, and is not among the registry's bodies, which
go when no version has them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import BigInteger, Column, Double, ForeignKey, Integer, MetaData, Table, Text, UniqueConstraint

from ferrata.store import Migration

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["ITEM", "LABEL", "MIGRATIONS", "REVIEW"]

_METADATA = MetaData()
REVIEW = Table(
    "review",
    _METADATA,
    Column("id", Integer, primary_key=True),
    Column("project", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("against", Text, nullable=False),
    Column("scale", Text, nullable=False),
    Column("question", Text, nullable=False),
    Column("instructions", Text, nullable=False),
    Column("annotators", Integer, nullable=False),
    Column("seed", BigInteger, nullable=False),
    Column("made_by", Text, nullable=False),
    Column("created", Text, nullable=False),
    Column("closed", Text, nullable=False),
    UniqueConstraint("project", "name"),
)
ITEM = Table(
    "review_item",
    _METADATA,
    Column("id", Integer, primary_key=True),
    Column("review", Integer, ForeignKey("review.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("key", Text, nullable=False),
    Column("chosen_by", Text, nullable=False),
    Column("swapped", Integer, nullable=False),
    Column("body", Text, nullable=False),
    UniqueConstraint("review", "number"),
    UniqueConstraint("review", "key"),
)
"""`body` is JSON in ASCII: no database takes every character of a model's output as it is."""
LABEL = Table(
    "review_label",
    _METADATA,
    Column("id", Integer, primary_key=True),
    Column("review", Integer, ForeignKey("review.id"), nullable=False),
    Column("item", Integer, nullable=False),
    Column("person", Text, nullable=False),
    Column("value", Text, nullable=False),
    Column("comment", Text, nullable=False),
    Column("cause", Text, nullable=False),
    Column("seconds", Double),
    Column("final", Integer, nullable=False),
    Column("at", Text, nullable=False),
)
"""`item` is the number of the item in its review; `final` is 1 for a label that settles what annotators said."""


def m001_reviews(connection: Connection) -> None:
    """Make the three tables."""
    _METADATA.create_all(connection, checkfirst=False)
    connection.exec_driver_sql("CREATE INDEX review_label_by_review ON review_label (review, id)")


MIGRATIONS = (Migration("m001_reviews", m001_reviews),)
