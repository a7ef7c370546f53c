"""The scores of a run, and of a file that is kept in the repository, as a gate takes them. Decides nothing."""

from __future__ import annotations

import json
from math import isfinite
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from ferrata.errors import UsageError
from ferrata.evals import Columns, read_scores, rows_scored, scores_of_eval
from ferrata.gates.sides import Scored
from ferrata.gates.types import Side
from ferrata.runs import Status
from ferrata.stats import Scores

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from ferrata.evals import EvalFolder

__all__ = ["read_file", "read_run", "save_scores"]

_FORMAT = "ferrata scores 1"
_ENDED = (Status.COMPLETED, Status.COMPLETED_WITH_ERRORS, Status.FAILED)
_ABOUT = ("scale", "low", "high", "higher_is_better")


def read_run(folder: EvalFolder, *, cluster: str | None = None, versions: Sequence[str] = ()) -> Scored:
    """The scores of a run.

    Args:
        folder: of the run.
        cluster: a column of the data that rows share which are not independent.
        versions: asset references that its target is made of.

    Raises:
        UsageError: a row has no such column.
    """
    document = folder.document
    about: list[dict[str, Any]] = document.get("evaluators") or []
    target: dict[str, Any] = document.get("target") or {}
    data: dict[str, Any] = document.get("data") or {}
    draw: dict[str, int] = document.get("drawn") or {}
    clusters, failed, rows = _by_row(folder, cluster, repeated=int(document.get("repeats") or 1) > 1)
    return Scored(
        Side(folder.name, str(target.get("name") or ""), str(target.get("digest") or ""), tuple(versions)),
        scores_of_eval(folder, pass_rates=True),
        main={one["alias"]: f"{one['alias']}.{one['measures'][0]['key']}" for one in about if one["measures"]},
        evaluators={one["alias"]: str(one.get("digest") or "") for one in about},
        judged=frozenset(one["alias"] for one in about if one.get("judged", False)),
        clusters=clusters,
        failed_share=failed,
        dataset=str(data.get("name") or ""),
        dataset_digest=str(data.get("digest") or ""),
        rows=rows,
        drawn=draw["rows"] if draw and draw["rows"] < draw["of"] else None,
        incomplete=_incomplete(folder),
        again=f"ferrata eval rerun {folder.name}",
    )


def _by_row(
    folder: EvalFolder, cluster: str | None, *, repeated: bool
) -> tuple[dict[str, str] | None, dict[str, float], int]:
    """Clusters by key, the share of failed repeats by key where not all failed, and how many rows there are."""
    if cluster is None and not repeated:
        return None, {}, len({row.key for row in rows_scored(folder)})
    clusters: dict[str, str] = {}
    counts: dict[str, list[int]] = {}
    for row in rows_scored(folder, cluster=cluster):
        if row.cluster is not None:
            clusters[row.key] = row.cluster
        of = counts.setdefault(row.key, [0, 0])
        of[0] += row.failed
        of[1] += 1
    shares = {key: failed / all_of for key, (failed, all_of) in counts.items() if 0 < failed < all_of}
    return (None if cluster is None else clusters), shares, len(counts)


def _incomplete(folder: EvalFolder) -> str:
    if folder.status in _ENDED:
        return ""
    go_on = f"{folder.go_on} {folder.name}"
    return f"the run {folder.name!r} did not come to its end ({folder.status}), so that rows are missing; go on with it: {go_on}"


def save_scores(found: Scored, path: Path) -> None:
    """Write scores to a file that can be kept in a repository: a line about them, and a line a row.

    Raises:
        UsageError: it cannot be written.
    """
    head = {
        "format": _FORMAT,
        "run": found.side.run,
        "target": found.side.target,
        "digest": found.side.digest,
        "versions": list(found.side.versions),
        "dataset": found.dataset,
        "dataset_digest": found.dataset_digest,
        "main": dict(found.main),
        "evaluators": dict(found.evaluators),
        "judged": sorted(found.judged),
        "incomplete": found.incomplete,
        "metrics": {name: {key: getattr(of, key) for key in _ABOUT} for name, of in found.scores.items()},
    }
    lines = [json.dumps(head, ensure_ascii=False), *(json.dumps(row, ensure_ascii=False) for row in _lines(found))]
    try:
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    except OSError as error:
        raise UsageError(f"cannot write {str(path)!r}: {error.strerror or error}") from None


def _lines(found: Scored) -> Iterable[dict[str, Any]]:
    rows: dict[str, dict[str, Any]] = {}

    def row(key: str) -> dict[str, Any]:
        made = rows.setdefault(key, {"key": key, "scores": {}})
        if found.clusters is not None and key in found.clusters:
            made["cluster"] = found.clusters[key]
        if key in found.failed_share:
            made["failed_share"] = found.failed_share[key]
        return made

    for name, scores in found.scores.items():
        for key, value in zip(scores.keys, scores.values, strict=True):
            row(key)["scores"][name] = float(value)
        for key in scores.missing:
            row(key)["scores"][name] = None
        for key in scores.failed:
            row(key)["failed"] = True
    return rows.values()


def read_file(path: Path, metrics: Sequence[str]) -> Scored:
    """Scores of a file: one that `save_scores` wrote, or any with a column `key` and one for each metric.

    Args:
        path: the file.
        metrics: that are wanted of a file of another tool.

    Raises:
        NotFound, UsageError: there is none, or it is damaged.
    """
    first = ""
    try:
        with path.open(encoding="utf-8") as file:
            first = file.readline()
            head: Any = json.loads(first) if first.startswith("{") else {}
            if isinstance(head, dict) and cast("dict[str, Any]", head).get("format") == _FORMAT:
                return _read_lines(path, cast("dict[str, Any]", head), [json.loads(line) for line in file])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        if first.startswith('{"format"'):
            raise UsageError(
                f"{str(path)!r} is damaged: {error}", hint="write it again: --save-baseline FILE"
            ) from None
    except OSError as error:
        raise UsageError(f"cannot read {str(path)!r}: {error.strerror or error}") from None
    try:
        scores = read_scores(path, Columns("key", list(dict.fromkeys(metrics))))
    except UsageError as error:
        wanted = ", ".join(dict.fromkeys(metrics))
        raise UsageError(error.message, hint=f"it needs a column `key` and the scores of {wanted}") from None
    rows = len({key for of in scores.values() for key in (*of.keys, *of.missing)})
    return Scored(Side(str(path)), scores, dataset=str(path), rows=rows, again="write the file again, with this score")


def _read_lines(path: Path, head: dict[str, Any], rows: list[dict[str, Any]]) -> Scored:
    names: dict[str, dict[str, Any]] = head["metrics"]
    failed = [str(row["key"]) for row in rows if row.get("failed")]
    scores: dict[str, Scores] = {}
    for name, about in names.items():
        there = [(str(row["key"]), row["scores"][name]) for row in rows if name in row["scores"]]
        values = [(key, float(value)) for key, value in there if value is not None]
        if wrong := [key for key, value in values if not isfinite(value)]:
            raise ValueError(f"{name} of row {wrong[0]!r} is no number")
        scores[name] = Scores(
            name,
            [key for key, _ in values],
            np.asarray([value for _, value in values], dtype=np.float64),
            missing=[key for key, value in there if value is None],
            failed=failed,
            **{key: about[key] for key in _ABOUT},
        )
    clusters = {str(row["key"]): str(row["cluster"]) for row in rows if "cluster" in row}
    return Scored(
        Side(str(path), head["target"], head["digest"], tuple(head["versions"])),
        scores,
        main=head["main"],
        evaluators=head["evaluators"],
        judged=frozenset(head["judged"]),
        clusters=clusters or None,
        failed_share={str(row["key"]): float(row["failed_share"]) for row in rows if "failed_share" in row},
        dataset=head["dataset"],
        dataset_digest=head["dataset_digest"],
        rows=len(rows),
        incomplete=head["incomplete"],
        again="evaluate it again, and write the file with --save-baseline",
    )
