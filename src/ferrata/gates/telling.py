"""What is said of a candidate beside its scores: why it is none of a gate, that its data are others, when it was decided."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ferrata.errors import FerrataError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ferrata.gates.sides import Scored
    from ferrata.gates.types import Rule

__all__ = ["foreign", "looked_words", "other_data"]


def foreign(found: Scored, rows: int | None, rules: Sequence[Rule], digests: Mapping[str, str]) -> str:
    """Why a candidate that nobody evaluated for a gate is none of it; empty where it is, or where nobody can know.

    Args:
        found: the candidate.
        rows: that the gate draws; None: all.
        rules: of the gate.
        digests: of its evaluators as they are now, by alias.
    """
    if found.drawn is not None and (rows is None or found.drawn < rows):
        wanted = "all" if rows is None else f"{rows:,}"
        return f"{found.side.run!r} has only {found.drawn:,} rows that were drawn from the data, and the gate takes {wanted}"
    if not found.evaluators:  # another tool's scores
        return ""
    for alias in dict.fromkeys(rule.metric.partition(".")[0] for rule in rules):
        if found.evaluators.get(alias) != digests.get(alias):
            again = f": {found.again}" if found.again else ""
            return f"{found.side.run!r} was not scored by the gate's own {alias!r} as it is now; score it again{again}"
    return ""


def other_data(ran: str, declared: str, read: Callable[[str], object]) -> str:
    """The note on a candidate that was run on other data than the gate's.

    Args:
        ran: name of the data that it was run on.
        declared: of the gate's.
        read: opens data by their name.
    """
    try:
        read(declared)
    except FerrataError as error:
        said = (
            f"the gate's data cannot be read ({error.message}), so nobody can say whether the candidate was run on them"
        )
        return f"{said}: the verdict holds for the candidate's data alone"
    if ran == declared:
        why = f"the gate's data, {declared!r}, have changed since the candidate was run on them"
    else:
        why = f"the candidate was run on other data, {ran!r}, than the gate's, {declared!r}"
    return f"{why}: the verdict holds for the candidate's data alone"


def looked_words(rows: int, of: int, found: Scored, cost: float | None, *, decided: bool) -> str:
    """How far a gate that looks after every row came.

    Args:
        rows: that it looked at.
        of: that there are.
        found: the candidate.
        cost: US dollars of its run; None where nobody knows.
        decided: whether it was decided.
    """
    if not decided:
        said = f"looked at {rows:,} of {of:,} rows, and it is not decided"
        return f"{said}: {found.incomplete}" if found.incomplete else said
    said = f"decided after {rows:,} of {of:,} rows; {found.rows:,} had been asked by then"
    if cost is not None and found.rows:
        said += f", for ${cost:.4f}; the others would have cost about ${cost / found.rows * (of - found.rows):.4f}"
    return said
