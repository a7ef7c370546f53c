"""Candidate and baseline as a gate takes them: their scores, and which rows count. Knows no folder and no file.

A row that the target failed counts as the worst that the score can be, where it has such an end. A row whose score is missing for
another reason is left out, and a second look takes the worst of it: a gate passes only if it would with that too.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from ferrata.errors import UsageError
from ferrata.evals import of_one_scale

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from ferrata.gates.types import Side
    from ferrata.stats import Scores

__all__ = ["Counted", "Scored", "counted", "matched", "on_one_scale", "resolve_metric"]

Missing = Literal["left out", "least", "greatest"]


@dataclass(frozen=True)
class Scored:
    """One side with its scores.

    Attributes:
        side: what it is.
        scores: `ALIAS.KEY` and `ALIAS.KEY.pass_rate` -> scores by row.
        main: alias -> the metric that it stands for.
        evaluators: alias -> digest; empty where it is not known.
        judged: aliases whose scores a model gives.
        clusters: row's key -> what it shares with other rows; None where rows are independent.
        failed_share: row's key -> the share of its repeats that failed, where some did not.
        dataset: name of the data.
        dataset_digest: of them.
        rows: that there are, failed ones as well.
        drawn: how many rows of the data were drawn, where that was not all; else None.
        incomplete: why it cannot be judged, as rows are missing that were asked for; empty where it can.
        again: the command that scores it anew.
    """

    side: Side
    scores: Mapping[str, Scores]
    main: Mapping[str, str] = field(default_factory=dict[str, str])
    evaluators: Mapping[str, str] = field(default_factory=dict[str, str])
    judged: frozenset[str] = frozenset()
    clusters: Mapping[str, str] | None = None
    failed_share: Mapping[str, float] = field(default_factory=dict[str, float])
    dataset: str = ""
    dataset_digest: str = ""
    rows: int = 0
    drawn: int | None = None
    incomplete: str = ""
    again: str = ""


def resolve_metric(name: str, found: Scored, *, among: Collection[str] | None = None) -> str:
    """The full name of a metric: an alias alone is its main score.

    Args:
        name: as a rule has it.
        found: what is judged.
        among: the metrics that there are; those that have scores where it is missing.

    Raises:
        UsageError: there is none; names those that there are.
    """
    known = found.scores if among is None else among
    alias, _, rest = name.partition(".")
    for full in (name, found.main.get(name), f"{found.main.get(alias)}.{rest}" if rest else None):
        if full is not None and full in known:
            return full
    raise UsageError(f"there is no metric {name!r}", hint=f"there is {', '.join(sorted(known))}")


@dataclass(frozen=True)
class Counted:
    """Scores with the rows that count.

    Attributes:
        scores: failed rows are in it, as the worst; missing ones as asked for.
        failed: rows of a failed target.
        missing: rows without a score for another reason.
        lost: rows that could not be given a value, since the score has no end.
    """

    scores: Scores
    failed: int
    missing: int
    lost: int


def counted(
    found: Scored,
    metric: str,
    *,
    worst: Literal["least", "greatest"],
    missing: Missing = "left out",
    clusters: Mapping[str, str] | None = None,
) -> Counted:
    """Scores with a value for rows that failed, and for missing ones where that is asked for.

    Args:
        found: one side.
        metric: of it.
        worst: which end a failed row has.
        missing: what a row has whose score is missing.
        clusters: of rows; None where they are independent.
    """
    scores = found.scores[metric]
    ends = {"least": scores.low, "greatest": scores.high}
    keys, values = list(scores.keys), [float(value) for value in scores.values]
    known = {key: number for number, key in enumerate(keys)}
    failed = [key for key in scores.failed if key not in known]
    absent = [key for key in scores.missing if key not in known and key not in set(failed)]
    partly = [key for key in found.failed_share if key in known]
    lost, end = 0, ends[worst]
    if end is None:
        lost = len(failed) + len(partly)
    else:
        keys += failed
        values += [end] * len(failed)
        for key in partly:
            share = found.failed_share[key]
            values[known[key]] = values[known[key]] * (1 - share) + end * share
    if missing != "left out" and (end := ends[missing]) is not None:
        keys += absent
        values += [end] * len(absent)
    elif missing != "left out":
        lost += len(absent)
    shared = None if clusters is None else [clusters.get(key, key) for key in keys]
    whole = replace(scores, keys=keys, values=np.asarray(values, dtype=np.float64), clusters=shared)
    return Counted(whole, len(failed) + len(partly), len(absent), lost)


def on_one_scale(metric: str, candidate: Scored, baseline: Scored) -> tuple[Scored, Scored]:
    """Both sides with the metric on one scale, where a file of another tool says none: the run's, if the values fit it.

    Args:
        metric: that both have.
        candidate: one side.
        baseline: the other.
    """
    mine, theirs = candidate.scores[metric], baseline.scores[metric]
    if not candidate.evaluators and not baseline.evaluators:
        mine, theirs = of_one_scale(mine, theirs), of_one_scale(theirs, mine)
    elif not baseline.evaluators:
        theirs = _as_scaled(theirs, mine)
    elif not candidate.evaluators:
        mine = _as_scaled(mine, theirs)
    return _with(candidate, metric, mine), _with(baseline, metric, theirs)


def _with(found: Scored, metric: str, scores: Scores) -> Scored:
    return replace(found, scores={**found.scores, metric: scores})


def _as_scaled(scores: Scores, known: Scores) -> Scores:
    """Scores of a file on a scale that is known; as they are where one does not fit it."""
    low = -np.inf if known.low is None else known.low
    high = np.inf if known.high is None else known.high
    values = scores.values
    fits = bool(((values >= low) & (values <= high)).all())
    if known.scale != "continuous":
        fits = fits and bool((values == np.round(values)).all())
    return replace(scores, scale=known.scale, low=known.low, high=known.high) if fits else scores


def matched(baseline: Scores, candidate: Scores) -> tuple[Scores, Scores]:
    """Both sides over the rows that both have, in the candidate's order."""
    there = {key: number for number, key in enumerate(baseline.keys)}
    mine = [number for number, key in enumerate(candidate.keys) if key in there]
    theirs = [there[candidate.keys[number]] for number in mine]
    first = _only(baseline, theirs)
    second = _only(candidate, mine)
    # Rows are the same, so are their clusters; the candidate's are those of the data as they are now.
    return replace(first, clusters=second.clusters), second


def _only(scores: Scores, rows: Sequence[int]) -> Scores:
    clusters = None if scores.clusters is None else [scores.clusters[row] for row in rows]
    keys = [scores.keys[row] for row in rows]
    return replace(scores, keys=keys, values=scores.values[list(rows)], clusters=clusters)
