"""Builds a dataset from traces, from feedback, from files, or from rows that somebody else read: selects, masks personal data, drops near-duplicates, samples.

What was taken, what was dropped and why goes into the provenance. Knows no model and no registry.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

from ferrata.datasets.checks import Roles
from ferrata.datasets.dataset import open_file
from ferrata.datasets.description import Description, description_beside, write_description
from ferrata.datasets.feedback import read_feedback
from ferrata.datasets.rows import data_files
from ferrata.datasets.select import diverse, keep_unlike, sample, sift
from ferrata.datasets.traces import read_traces, span_files
from ferrata.datasets.types import Provenance, Source, text_of
from ferrata.datasets.versions import sha256_of_file
from ferrata.datasets.writing import write_rows
from ferrata.errors import NotFound, UsageError
from ferrata.safety import Masker

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from ferrata.datasets.select import Sift
    from ferrata.datasets.types import Origin

__all__ = ["BuildPlan", "Built", "FoundRows", "build_dataset", "save_built"]


@dataclass(frozen=True)
class BuildPlan:
    """What to build from, and what to keep.

    Attributes:
        origin: `traces`, `feedback` (only traces of which something was said), `files`, or `evals` (rows that are given).
        paths: files and folders; none for `evals`.
        feedback: a file of feedback, to join with traces.
        status: `ok` or `error`: only traces that ended so.
        kind: only traces that have a span of this kind, as `retrieval`.
        min_tokens: at least so many tokens of models.
        max_score: only traces with feedback of at most this score.
        since: only what began then or later.
        until: only what began before.
        similarity: of rows whose queries are so alike (0.5 to 1), the first is kept; None: all are.
        mask: personal data becomes placeholders.
        count: at most so many rows; None: all.
        by: a column whose values all get their share of them.
        diverse: choose rows that are unlike one another, not by chance.
        seed: of choices by chance.
    """

    origin: Literal["traces", "feedback", "files", "evals"]
    paths: tuple[Path, ...] = ()
    feedback: Path | None = None
    status: Literal["ok", "error"] | None = None
    kind: str = ""
    min_tokens: int = 0
    max_score: float | None = None
    since: datetime | None = None
    until: datetime | None = None
    similarity: float | None = 0.9
    mask: bool = True
    count: int | None = None
    by: str = ""
    diverse: bool = False
    seed: int = 0


class Rows(Protocol):
    """Rows that something made, to be saved."""

    @property
    def rows(self) -> Sequence[Mapping[str, Any]]:
        """The rows."""
        ...

    @property
    def provenance(self) -> Provenance:
        """Where they came from."""
        ...

    @property
    def dropped(self) -> Mapping[str, int]:
        """Reason -> how many were dropped."""
        ...


@dataclass
class Built:
    """What came of it.

    Attributes:
        rows: the rows.
        provenance: where they came from, with a step for each thing done.
        dropped: reason -> how many rows.
        broken: places of what could not be read, the first ones.
        masked: kind of personal data -> how many pieces.
    """

    rows: list[dict[str, Any]]
    provenance: Provenance
    dropped: dict[str, int] = field(default_factory=dict[str, int])
    broken: list[str] = field(default_factory=list[str])
    masked: dict[str, int] = field(default_factory=dict[str, int])


@dataclass(frozen=True)
class FoundRows:
    """Rows to choose from.

    Attributes:
        rows: the rows.
        sources: what they are from.
        step: how they were selected, for the provenance.
        broken: places of what could not be read.
        dropped: reason -> how many were not taken.
    """

    rows: list[dict[str, Any]]
    sources: tuple[Source, ...]
    step: Mapping[str, Any]
    broken: list[str] = field(default_factory=list[str])
    dropped: Mapping[str, int] = field(default_factory=dict[str, int])


def build_dataset(plan: BuildPlan, *, made_by: str = "", given: FoundRows | None = None) -> Built:
    """The rows that a plan keeps.

    Args:
        plan: what to build.
        made_by: who does.
        given: the rows of a plan from `evals`; each with `status` if the plan names one.

    Raises:
        NotFound: a file is not there.
        UsageError: the plan does not fit together, or a file cannot be read at all.
    """
    _check(plan)
    if (given is None) == (plan.origin == "evals"):
        raise UsageError(
            "rows are given for evals, and only for these", hint="give what `pick_rows` of ferrata.evals makes"
        )
    found = given or (_of_files(plan) if plan.origin == "files" else _of_traces(plan))
    dropped: Counter[str] = Counter(found.dropped)
    kept = list(sift(found.rows, _sifts(plan), dropped))
    steps: list[dict[str, Any]] = [{**found.step, "kept": len(kept), "dropped": dict(dropped), **_asked(plan)}]
    rows, masked = _masked(kept, plan.origin) if plan.mask else (kept, {})
    if plan.mask:
        steps.append({"step": "mask", "pieces": masked})
    if plan.similarity is not None:
        unlike = keep_unlike(rows, _asked_of(rows), plan.similarity)
        rows = unlike.rows
        dropped.update(unlike.dropped)
        about = {"similarity": plan.similarity, "kept": len(rows), "dropped": dict(unlike.dropped)}
        steps.append({"step": "deduplicate", **about})
    if plan.count is not None and len(rows) > plan.count:
        dropped["not in the sample"] += len(rows) - plan.count
        if plan.diverse:
            rows = diverse(rows, plan.count, _asked_of(rows), seed=plan.seed)
        else:
            rows = sample(rows, plan.count, seed=plan.seed, by=plan.by)
        how = "diverse" if plan.diverse else "by chance"
        steps.append({"step": "sample", "how": how, "by": plan.by, "seed": plan.seed, "kept": len(rows)})
    origin: Origin = "file" if plan.origin == "files" else plan.origin
    provenance = Provenance(origin, found.sources, made_by, tuple(steps))
    return Built(rows, provenance, dict(dropped), found.broken, masked)


def save_built(path: Path, built: Rows, *, replace: bool = False) -> Description:
    """Write the rows and the description beside them.

    Raises:
        UsageError: there are no rows, or the file is there already.
    """
    if not built.rows:
        said = ", ".join(f"{count:,} {why}" for why, count in built.dropped.items()) or "there was nothing to read"
        raise UsageError(f"no row is left: {said}", hint="select less strictly, or let another model write")
    description = Description.model_validate({"data": path.name, "provenance": built.provenance.as_json()})
    beside = description_beside(path)
    if beside.exists() and not replace:
        raise UsageError(f"{str(beside)!r} is there already", hint="name another file, or remove it")
    write_rows(path, built.rows, replace=replace)
    write_description(beside, description)
    return description


def _check(plan: BuildPlan) -> None:
    if plan.origin == "feedback" and plan.feedback is None and plan.max_score is not None:
        raise UsageError("no feedback to take scores from", hint="name the file with --feedback")
    of_traces = plan.kind or plan.min_tokens or plan.max_score is not None or plan.since or plan.until or plan.feedback
    if plan.origin == "files" and (of_traces or plan.status):
        raise UsageError("rows of files have no status, kind, tokens, time or feedback of traces", hint="leave it out")
    if plan.origin == "evals" and of_traces:
        raise UsageError("rows of evaluations have no kind, tokens, time or feedback of traces", hint="leave it out")
    if plan.count is not None and plan.count < 1:
        raise UsageError(f"{plan.count} rows cannot be kept", hint="give a number from 1 on")
    if plan.similarity is not None and not 0.5 <= plan.similarity <= 1:
        raise UsageError(f"a similarity of {plan.similarity:g}", hint="give a number from 0.5 to 1")


def _asked(plan: BuildPlan) -> dict[str, Any]:
    about = {"status": plan.status, "kind": plan.kind, "min_tokens": plan.min_tokens, "max_score": plan.max_score}
    times = {name: at.isoformat() for name, at in (("since", plan.since), ("until", plan.until)) if at}
    return {key: value for key, value in about.items() if value not in (None, "", 0)} | times


def _of_traces(plan: BuildPlan) -> FoundRows:
    dropped: Counter[str] = Counter()
    files = span_files(plan.paths)
    if not files:
        raise NotFound("no spans to read", hint="name files of spans, or folders of runs")
    reading = read_traces(files)
    sources = [Source(str(path), sha256_of_file(path)) for path in files]
    step: dict[str, Any] = {"step": "select", "spans": reading.spans, "traces": len(reading.traces)}
    if reading.broken_count:
        step["broken"] = reading.broken_count
    if plan.feedback is not None:
        said, unusable = read_feedback(plan.feedback)
        for trace, feedback in said.items():
            if trace in reading.traces:
                reading.traces[trace].feedback = feedback
            else:
                dropped["feedback without its trace"] += 1
        if unusable:
            dropped["feedback that says nothing"] += unusable
        sources.append(Source(str(plan.feedback), sha256_of_file(plan.feedback), len(said)))
    rows: list[dict[str, Any]] = []
    for trace in reading.traces.values():
        if plan.origin == "feedback" and trace.feedback is None:
            dropped["no feedback"] += 1
        elif plan.kind and plan.kind not in trace.kinds:
            dropped["no span of the kind"] += 1
        elif (plan.since and trace.at < plan.since) or (plan.until and trace.at >= plan.until):
            dropped["out of the time"] += 1
        else:
            rows.append(trace.as_row())
    return FoundRows(rows, tuple(sources), step, reading.broken, dropped)


def _of_files(plan: BuildPlan) -> FoundRows:
    rows: list[dict[str, Any]] = []
    broken: list[str] = []
    sources: list[Source] = []
    for path in (file for given in plan.paths for file in data_files(given)):
        before = len(rows)
        for example in open_file(path).read():
            if example.problem:
                broken.append(f"{example.place}: {example.problem}")
            else:
                rows.append(dict(example.values))
        sources.append(Source(str(path), sha256_of_file(path), len(rows) - before))
    step: dict[str, Any] = {"step": "read", "rows": len(rows), **({"broken": len(broken)} if broken else {})}
    return FoundRows(rows, tuple(sources), step, broken)


def _sifts(plan: BuildPlan) -> list[Sift]:
    def status(row: Mapping[str, Any]) -> str:
        return f"not {plan.status}" if plan.status and row.get("status") != plan.status else ""

    def tokens(row: Mapping[str, Any]) -> str:
        return "too few tokens" if row["tokens"] < plan.min_tokens else ""

    def score(row: Mapping[str, Any]) -> str:
        if plan.max_score is None:
            return ""
        return "no score" if row.get("score") is None else "a higher score" if row["score"] > plan.max_score else ""

    def query(row: Mapping[str, Any]) -> str:
        return "" if text_of(row["query"]).strip() else "no query"

    if plan.origin in ("files", "evals"):
        return [status] if plan.origin == "evals" else []
    return [query, status, tokens, score]


def _masked(rows: Sequence[dict[str, Any]], origin: str) -> tuple[list[dict[str, Any]], dict[str, int]]:
    """The rows with placeholders, consistent in each; ids stay, as digits of an id may look like anything."""
    as_is = ("id", "at", "eval_run") if origin == "evals" else ("id", "at")
    counts: Counter[str] = Counter()
    found: list[dict[str, Any]] = []
    for row in rows:
        masker = Masker()
        found.append({name: value if name in as_is else masker.mask(value) for name, value in row.items()})
        counts += masker.counts
    return found, dict(counts)


def _asked_of(rows: Sequence[Mapping[str, Any]]) -> Any:
    names = list(dict.fromkeys(name for row in rows for name in row))
    return Roles(Description(), names).asked
