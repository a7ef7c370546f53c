"""Beginning a run, going on with one, and making a new one from the completed rows of an old one.

Looks at everything before the first row is run. Knows nothing of how rows are run.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from ferrata.clock import format_time
from ferrata.errors import NotFound, UsageError
from ferrata.flows.batch.digests import digest_of_data, digest_of_flow
from ferrata.flows.batch.flow_folder import RunFolder
from ferrata.flows.batch.join import Sources, check_sources, count_of, rows_of
from ferrata.flows.batch.mapping import RUN_INPUTS, plan_mapping
from ferrata.flows.batch.types import Given, RunPlan, RunSummary
from ferrata.flows.batch.variants import variant_id
from ferrata.flows.failures import FlowError
from ferrata.flows.types import Status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from ferrata.clock import Clock
    from ferrata.flows.base import LoadedFlow
    from ferrata.flows.batch.join import RunRow
    from ferrata.flows.batch.mapping import ColumnMapping
    from ferrata.flows.types import Flow

__all__ = ["ReadyRun", "new_run", "plan_of", "resume_run", "run_name", "summary_of"]

# Prompt Flow's name for the way that a node is done where none is chosen.
_DEFAULT_VARIANT = "variant_0"
_FINISHED = (Status.COMPLETED, Status.COMPLETED_WITH_ERRORS)


class ReadyRun(NamedTuple):
    """A run that can begin.

    Attributes:
        folder: open for writing; to be closed.
        sources: where its rows come from.
        mapping: what each input is made of.
        total: how many rows there are.
    """

    folder: RunFolder
    sources: Sources
    mapping: ColumnMapping
    total: int

    def rows(self, *, resolve: Callable[[Any, Path], Any] | None = None) -> Iterator[RunRow]:
        """The rows with their inputs; `resolve` makes paths in them absolute."""
        return rows_of(self.sources, self.mapping, resolve=resolve)

    def close(self) -> None:
        """Let go of the folders."""
        self.folder.close()
        if isinstance(self.sources.run, RunFolder):
            self.sources.run.close()


def new_run(
    runs: Path,
    loaded: LoadedFlow,
    plan: RunPlan,
    *,
    clock: Clock,
    resume_from: str = "",
    force: bool = False,
) -> ReadyRun:
    """Make the folder of a new run, once it is sure that it can begin.

    Args:
        runs: the folder of all runs.
        loaded: the flow.
        plan: what is to be done.
        clock: for its name and its record.
        resume_from: another run, whose completed rows are taken over.
        force: take them over also if the data has changed.

    Raises:
        FlowError: no rows, or columns that are not there.
        UsageError: a file cannot be read, or the other run was of other data.
        NotFound: no such file or run.
        Conflict: the name is taken.
        StoreUnavailable: the folder cannot be written.
    """
    sources, mapping, total = _prepared(runs, loaded, plan)
    name = plan.name or run_name(loaded.flow, plan.variant, clock=clock)
    document = _document(loaded, plan, mapping, created=format_time(clock.now()), resume_from=resume_from)
    document["display_name"] = _display_name(plan, name, clock=clock)
    try:
        if not resume_from:
            return ReadyRun(RunFolder.create(runs, name, document), sources, mapping, total)
        with RunFolder.read(runs, resume_from) as old:
            if old.status == Status.RUNNING:
                raise UsageError(f"run {resume_from!r} goes on", hint="wait for its end")
            if not force:
                _check_data(old.document, document)
            folder = RunFolder.create(runs, name, document)
            folder.take_from(old, volatile=not loaded.has_aggregation)
        return ReadyRun(folder, sources, mapping, total)
    except BaseException:
        if isinstance(sources.run, RunFolder):
            sources.run.close()
        raise


def resume_run(runs: Path, name: str, loaded: LoadedFlow, plan: RunPlan, *, force: bool = False) -> ReadyRun:
    """Go on with a run that was stopped, killed or had failed rows: completed rows are kept, the others done again.

    Args:
        runs: the folder of all runs.
        name: of the run.
        loaded: its flow, opened anew.
        plan: as `plan_of` gives it.
        force: also if the flow or the data has changed.

    Raises:
        UsageError: the flow or the data has changed.
        NotFound: no such run, or its data is gone.
        Conflict: another process runs it.
        StoreUnavailable: the folder cannot be read or written.
    """
    sources, mapping, total = _prepared(runs, loaded, plan)
    folder = RunFolder.open(runs, name)
    try:
        if not force:
            now = _document(loaded, plan, mapping, created="", resume_from="")
            if folder.document.get("flow_digest") != now["flow_digest"]:
                raise UsageError(
                    f"the flow {str(plan.given.flow)!r} has changed since run {name!r} began",
                    hint="go on all the same with --force, or take the completed rows into a new run with --resume-from",
                )
            _check_data(folder.document, now)
        folder.keep_completed(volatile=not loaded.has_aggregation)
    except BaseException:
        folder.close()
        if isinstance(sources.run, RunFolder):
            sources.run.close()
        raise
    return ReadyRun(folder, sources, mapping, total)


def _prepared(runs: Path, loaded: LoadedFlow, plan: RunPlan) -> tuple[Sources, ColumnMapping, int]:
    mapping = plan_mapping(loaded.flow.inputs, plan.mapping)
    sources = _sources(runs, plan, mapping)
    try:
        check_sources(sources, mapping)
        return sources, mapping, count_of(sources)
    except BaseException:
        if isinstance(sources.run, RunFolder):
            sources.run.close()
        raise


def _sources(runs: Path, plan: RunPlan, mapping: ColumnMapping) -> Sources:
    if plan.data is not None and not plan.data.exists():
        raise NotFound(f"no such data: {str(plan.data)!r}")
    if not plan.run:
        return Sources(plan.data)
    earlier = RunFolder.read(runs, plan.run)
    if earlier.status not in _FINISHED:
        status = earlier.status
        earlier.close()
        raise FlowError(
            "ValidationException",
            f"run {plan.run!r} is {status}: its outputs cannot be used",
            hint=f"finish it first: ferrata flow run --resume {plan.run}",
        )
    about = cast("dict[str, Any]", earlier.document.get("data") or {})
    path = Path(about["path"]) if about.get("path") else None
    if path is not None and not path.exists():
        if mapping.uses(RUN_INPUTS):
            earlier.close()
            raise NotFound(f"the data of run {plan.run!r} is gone: {str(path)!r}")
        path = None
    return Sources(plan.data, earlier, path)


def _check_data(old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
    before, now = (cast("Mapping[str, Any]", one.get("data") or {}) for one in (old, new))
    if before.get("digest") != now.get("digest"):
        raise UsageError(
            f"the data {now.get('path') or 'of the run'!r} is not what run {old.get('name')!r} was begun with",
            hint="give the same data, or go on all the same with --force",
        )


def _document(
    loaded: LoadedFlow, plan: RunPlan, mapping: ColumnMapping, *, created: str, resume_from: str
) -> dict[str, Any]:
    data = None
    if plan.data is not None:
        digest, size = digest_of_data(plan.data)
        data = {"path": str(plan.data.resolve()), "digest": digest, "bytes": size}
    given = plan.given
    return {
        "status": Status.PREPARING,
        "created": created,
        "flow": given.version or str(given.flow.resolve()),
        "flow_version": given.version or None,
        "flow_name": loaded.flow.name,
        "flow_digest": digest_of_flow(loaded.flow),
        "data": data,
        "run": plan.run or None,
        "column_mapping": dict(mapping.given),
        "variant": plan.variant or None,
        "description": plan.description,
        "tags": dict(plan.tags),
        "properties": dict(plan.properties),
        "file": None if given.file is None else str(given.file.resolve()),
        "connections": None if given.connections is None else str(given.connections.resolve()),
        "init": list(given.init),
        "environment": list(given.environment),
        "node_connections": {node: dict(values) for node, values in given.node_connections.items()},
        "resume_from": resume_from or None,
    }


def plan_of(document: Mapping[str, Any]) -> RunPlan:
    """The plan of a run, from its `run.json`.

    Raises:
        UsageError: it says of no flow.
    """
    if not document.get("flow"):
        raise UsageError(f"run {document.get('name')!r} says of no flow in its run.json, so it cannot go on")

    def path(value: Any) -> Path | None:
        return Path(value) if value else None

    data = cast("Mapping[str, Any]", document.get("data") or {})
    given = Given(
        flow=Path(document["flow"]),
        file=path(document.get("file")),
        connections=path(document.get("connections")),
        init=tuple(document.get("init", ())),
        environment=tuple(document.get("environment", ())),
        node_connections=document.get("node_connections") or {},
        version=document.get("flow_version") or "",
    )
    return RunPlan(
        given=given,
        data=path(data.get("path")),
        mapping=document.get("column_mapping", {}),
        run=document.get("run") or "",
        variant=document.get("variant") or "",
        name=document.get("name", ""),
        display_name=document.get("display_name", ""),
        description=document.get("description", ""),
        tags=document.get("tags", {}),
        properties=document.get("properties", {}),
    )


def summary_of(folder: RunFolder) -> RunSummary:
    """What came of a run, from its `run.json` and the records of its rows."""
    document, index = folder.document, folder.index
    aggregation = cast("Mapping[str, Any]", document.get("aggregation") or {})
    return RunSummary(
        name=folder.name,
        status=Status(folder.status),
        total=max(len(index), int(document.get("total") or 0)),
        completed=index.completed,
        failed=index.failed,
        metrics=document.get("metrics") or {},
        error=document.get("error"),
        aggregation_error=aggregation.get("error"),
        seconds=float(document.get("seconds") or 0.0),
        input_tokens=index.input_tokens,
        output_tokens=index.output_tokens,
        cost=index.cost,
    )


def run_name(flow: Flow, variant: str = "", *, clock: Clock) -> str:
    """The name of a run that was given none: flow, variant (of a graph) and local time."""
    base = flow.folder.resolve().name if flow.kind in ("dag", "flex") else flow.name
    parts = [base, variant_id(variant) if variant else _DEFAULT_VARIANT] if flow.kind == "dag" else [base]
    stamp = clock.now().astimezone().strftime("%Y%m%d_%H%M%S_%f")
    return re.sub(r"[^A-Za-z0-9_]+", "_", "_".join([*parts, stamp]))[-200:]


def _display_name(plan: RunPlan, name: str, *, clock: Clock) -> str:
    values = {
        "${variant_id}": variant_id(plan.variant) if plan.variant else _DEFAULT_VARIANT,
        "${run}": plan.run,
        "${timestamp}": clock.now().astimezone().strftime("%Y%m%d%H%M"),
    }
    shown = plan.display_name or name
    for macro, value in values.items():
        shown = shown.replace(macro, value)
    return shown
