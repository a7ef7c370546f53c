"""`ferrata flow run`: a flow over the rows of data. Knows nothing of flow formats; `flows` opens them."""

from __future__ import annotations

import asyncio
import json
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from ferrata.cli.collector import spare_collector
from ferrata.cli.flow_asked import Asked, check_choice, laid_over
from ferrata.cli.flow_given import (
    Connections,
    FlowPlace,
    flow_place,
    given_connections,
    given_pairs,
    given_variants,
    project_root,
)
from ferrata.cli.flow_record import record_run
from ferrata.cli.flow_runs import first_errors, print_summary, runs_folder, summary_as_json
from ferrata.cli.flow_stop import end_blocked, stopped_by_signals
from ferrata.cli.pairs import CommandOfPairs
from ferrata.cli.progress import show_progress
from ferrata.cli.words import aligned, printable
from ferrata.errors import InvalidDocument, Mistake, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ferrata.flows import FlowError, LoadedFlow, Notice, ReadyRun, RunFile, RunPlan, RunSummary

__all__ = ["run"]

_INTERRUPTED = 130


@click.command(cls=CommandOfPairs)
@click.argument("flow", metavar="[FLOW]", required=False)
@click.option("--file", "-f", type=click.Path(path_type=Path), help="A run.yaml; options go before what it says.")
@click.option(
    "--set", "changes", metavar="KEY=VALUE", multiple=True, help="Set a key of the run.yaml, as tags.owner=me."
)
@click.option("--data", type=click.Path(path_type=Path), help="Rows: JSON lines, JSON, CSV, TSV, Parquet, or a folder.")
@click.option("--column-mapping", metavar="INPUT=VALUE", multiple=True, help="As question='${data.q}'; or a constant.")
@click.option("--run", default="", metavar="NAME", help="Join an earlier run: ${run.inputs.x}, ${run.outputs.x}.")
@click.option("--variant", "variants", multiple=True, metavar="VARIANT", help="'${node.id}', a run each; or all.")
@click.option(
    "--connections",
    multiple=True,
    metavar="FILE|NODE.KEY=VALUE",
    help="File of connections; or another connection, deployment_name or model for a node.",
)
@click.option("--init", metavar="NAME=VALUE|FILE", multiple=True, help="Arguments of a class flow.")
@click.option("--environment-variables", "environment", metavar="NAME=VALUE", multiple=True, help="For the flow.")
@click.option(
    "--concurrency",
    type=click.IntRange(1, 10_000),
    default=10,
    show_default=True,
    envvar="PF_WORKER_COUNT",
    help="Rows at a time.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(0, min_open=True),
    default=600.0,
    show_default=True,
    envvar="PF_LINE_TIMEOUT_SEC",
    help="Seconds for a row.",
)
@click.option(
    "--batch-timeout",
    type=click.FloatRange(0, min_open=True),
    envvar="PF_BATCH_TIMEOUT_SEC",
    help="Seconds for all rows.",
)
@click.option(
    "--engine", type=click.Choice(["local", "ray"]), default="local", help="Where rows are run: here, or Ray."
)
@click.option("--name", "-n", default="", help="Name of the run; made of flow, variant and time if not given.")
@click.option("--resume", default="", metavar="NAME", help="Go on with a run: what is missing or failed is done.")
@click.option("--resume-from", default="", metavar="NAME", help="A new run that takes over a run's completed rows.")
@click.option("--force", is_flag=True, help="Resume also if the flow or the data has changed.")
@click.option(
    "--fail-on", default="error", show_default=True, help="Exit status 1 on: error, none, all, 5%, or 10 rows."
)
@click.option("--strict", is_flag=True, help="What looks like a mistake in a file is an error.")
@click.option("--no-save", is_flag=True, help="Write no record to the ledger.")
@click.option("--project", type=click.Path(path_type=Path), default=Path(), show_default=True, help="Project's folder.")
@click.option("--json", "wants_json", is_flag=True, help="Print JSON.")
@click.pass_context
def run(context: click.Context, /, **options: Any) -> None:
    """Run a flow over data, a row at a time each, and record every row.

    FLOW is a folder, a file, or a version, as flow/support@production. Exit status: 0 done; 1 rows failed (--fail-on); 2 a mistake in the request or in a file;
    130 interrupted, and then --resume goes on.
    """
    from ferrata.runs import FailOn

    asked = Asked(**options)
    fail_on = FailOn.parse(asked.fail_on)
    check_choice(asked)
    with ExitStack() as places:
        done = _Runner(asked, places).run()
    if done.interrupted:
        context.exit(_INTERRUPTED)
    context.exit(1 if any(fail_on.fails(summary) for _, summary, _ in done.runs) else 0)


@dataclass
class _Done:
    """Variant, what came of its run, and its first errors."""

    runs: list[tuple[str, RunSummary, list[dict[str, Any]]]]
    interrupted: bool = False


class _Runner:
    """Does what the command line asks for."""

    def __init__(self, asked: Asked, places: ExitStack) -> None:
        self.asked = asked
        self.places = places
        self.folder = runs_folder(asked.project.resolve(), make=True)

    def run(self) -> _Done:
        """The runs, one after another, printed as they end."""
        done = _Done([])
        if self.asked.resume:
            plans = [self._resumed(self.asked.resume)]
        elif self.asked.resume_from:
            plans = [self._new_from_old(self.asked.resume_from)]
        else:
            plans = self._plans()
        for plan in plans:
            summary, errors, interrupted = self._one(plan)
            done.runs.append((plan.variant, summary, errors))
            if not self.asked.wants_json:
                print_summary(summary, errors)
            if interrupted:
                done.interrupted = True
                break
        self._print(done)
        return done

    def _print(self, done: _Done) -> None:
        from ferrata.flows import Status, side_by_side

        if self.asked.wants_json:
            found = [{**summary_as_json(run, errors), "variant": of or None} for of, run, errors in done.runs]
            whole = {"runs": found} if len(self.asked.variants) > 1 or self.asked.variants == ("all",) else found[0]
            click.echo(json.dumps(whole, ensure_ascii=False, indent=2))
        elif len(done.runs) > 1:
            table = side_by_side((variant, summary) for variant, summary, _ in done.runs)
            cells = [[_cell(value) for value in row] for row in table]
            click.echo("\n" + "\n".join(aligned(cells, right=range(3, len(cells[0])))))
        for _, summary, _ in done.runs:
            if summary.status in (Status.CANCELED, Status.COMPLETED_WITH_ERRORS, Status.FAILED):
                click.echo(f"to go on: ferrata flow run --resume {summary.name}{self._project_words()}", err=True)

    def _project_words(self) -> str:
        return "" if self.asked.project == Path() else f" --project {self.asked.project}"

    def _one(self, plan: RunPlan) -> tuple[RunSummary, list[dict[str, Any]], bool]:
        from ferrata.clock import SystemClock
        from ferrata.flows import Status, new_run, resume_run

        asked = self.asked
        with ExitStack() as stack:
            opening = self._opening(plan)
            stack.callback(opening[1]["connections"].close)
            loaded = _open(*opening)
            stack.callback(loaded.close)
            _notice(loaded.flow.notices, strict=False)
            self._notice_unknown_inputs(plan, loaded)
            if asked.resume:
                ready = resume_run(self.folder, asked.resume, loaded, plan, force=asked.force)
            else:
                ready = new_run(
                    self.folder,
                    loaded,
                    plan,
                    clock=SystemClock(),
                    resume_from=asked.resume_from,
                    force=asked.force,
                )
            stack.callback(ready.close)
            engine = None
            if asked.engine == "ray":
                engine = partial(_ray_rows(), opener=partial(_open, *opening))
            summary, interrupted = self._execute(ready, loaded, engine)
            if summary.status != Status.CANCELED and not asked.no_save:
                record_run(asked.project, ready.folder.document, summary)
            return summary, first_errors(ready.folder), interrupted

    def _execute(self, ready: ReadyRun, loaded: LoadedFlow, engine: Any) -> tuple[RunSummary, bool]:
        from ferrata.flows import GRACE, Status, inside, place_images, run_flow, watch_loop
        from ferrata.runs import run_to_end

        asked = self.asked
        shown = show_progress()
        spare_collector()

        def blocked(error: FlowError) -> None:
            ready.folder.save(status=Status.CANCELED, error=error.as_json())
            end_blocked(error, f"to go on: ferrata flow run --resume {ready.folder.name}{self._project_words()}")

        async def main() -> tuple[RunSummary, bool]:
            stop = asyncio.Event()
            with stopped_by_signals(stop), watch_loop(asked.timeout + GRACE, loaded.folder, blocked):
                summary = await run_flow(
                    loaded,
                    ready.rows(resolve=place_images),
                    ready.folder,
                    concurrency=asked.concurrency,
                    line_timeout=asked.timeout,
                    batch_timeout=asked.batch_timeout,
                    total=ready.total,
                    on_progress=shown.update,
                    stop=stop,
                    engine=engine,
                )
            return summary, stop.is_set()

        with shown, inside(loaded):
            return run_to_end(main())

    def _opening(self, plan: RunPlan) -> tuple[Path, dict[str, Any]]:
        given = plan.given
        file = self._file(given.file) if given.file else None
        return given.flow.resolve(), {
            "connections": Connections(
                given.connections, self.asked.project if given.version else project_root(given.flow)
            ),
            "variants": given_variants([plan.variant] if plan.variant else []),
            "init": {**(file.init if file else {}), **self.asked.init_values()} or None,
            "environment": {**(file.environment if file else {}), **self.asked.environment_values()},
            "node_connections": laid_over(file.connections if file else {}, given.node_connections),
            "strict": self.asked.strict,
        }

    def _file(self, path: Path) -> RunFile:
        from ferrata.flows import read_run_file

        return read_run_file(path, changes=self.asked.changes if self.asked.file else ())

    def _plans(self) -> list[RunPlan]:
        """A plan a variant."""
        from ferrata.flows import Given, RunPlan, all_variants

        asked = self.asked
        file = self._file(asked.file) if asked.file else None
        if file is not None:
            _notice(file.notices, strict=asked.strict)
        flow = Path(asked.flow) if asked.flow else cast("Path", cast("RunFile", file).flow)
        mapping = {**(file.column_mapping if file else {}), **given_pairs(asked.column_mapping, "--column-mapping")}
        connections, nodes = given_connections(asked.connections)
        place = self._place(flow) if asked.flow else FlowPlace(flow, flow)
        plan = RunPlan(
            Given(
                place.path,
                asked.file,
                connections,
                tuple(asked.init_values()),
                tuple(asked.environment_values()),
                nodes,
                place.version,
            ),
            data=_absolute(asked.data or (file.data if file else None)),
            mapping=mapping,
            run=asked.run or (file.run if file else ""),
            variant=file.variant if file else "",
            name=asked.name or (file.name if file else ""),
            display_name=file.display_name if file else "",
            description=file.description if file else "",
            tags=file.tags if file else {},
            properties=file.properties if file else {},
        )
        chosen = list(asked.variants)
        if "all" in chosen:
            loaded = _open(*self._opening(plan))
            loaded.close()
            chosen = all_variants(loaded.flow)
        return [_for_variant(plan, one, alone=len(chosen) == 1) for one in chosen] or [plan]

    def _resumed(self, name: str) -> RunPlan:
        from ferrata.flows import RunFolder, plan_of

        with RunFolder.read(self.folder, name) as old:
            plan = plan_of(old.document)
        given = {"--init": (plan.given.init, tuple(self.asked.init_values()))}
        given["--environment-variables"] = (plan.given.environment, tuple(self.asked.environment_values()))
        for option, (before, now) in given.items():
            if missing := [one for one in before if one not in now]:
                raise UsageError(
                    f"run {name!r} was given values that are not kept: {', '.join(missing)}",
                    hint=f"give them again, as {option} {missing[0]}=VALUE",
                )
        file, nodes = given_connections(self.asked.connections)
        given = replace(
            plan.given,
            flow=self._place(Path(plan.given.version)).path if plan.given.version else plan.given.flow,
            connections=file or plan.given.connections,
            node_connections=laid_over(plan.given.node_connections, nodes),
        )
        return replace(plan, given=given)

    def _place(self, flow: Path) -> FlowPlace:
        return self.places.enter_context(flow_place(flow, self.asked.project))

    def _new_from_old(self, name: str) -> RunPlan:
        plan = replace(self._resumed(name), name=self.asked.name)
        for change in self.asked.changes:
            key, _, value = change.partition("=")
            if key in ("display_name", "description", "name"):
                plan = replace(plan, **{key: value})
            elif key.startswith("tags."):
                plan = replace(plan, tags={**plan.tags, key.removeprefix("tags."): value})
            else:
                raise UsageError(
                    f"{key!r} is that of the old run", hint="set name, display_name, description or tags.NAME"
                )
        return plan

    def _notice_unknown_inputs(self, plan: RunPlan, loaded: LoadedFlow) -> None:
        unknown = [name for name in plan.mapping if name not in loaded.flow.inputs and name != "line_number"]
        if unknown and loaded.flow.inputs:
            problem = f"the flow has no input {unknown[0]!r}; it has {', '.join(loaded.flow.inputs)}"
            if self.asked.strict:
                raise UsageError(f"column mapping: {problem}")
            click.echo(f"warning: column mapping: {printable(problem)}", err=True)


def _open(flow: Path, options: dict[str, Any]) -> LoadedFlow:
    from ferrata.flows import open_flow, use_prices

    use_prices(options["connections"].price)
    return open_flow(flow, **options)


def _ray_rows() -> Any:
    from ferrata.flows import RayRows

    return RayRows


def _absolute(path: Path | None) -> Path | None:
    """The path from anywhere: a flow runs in its own folder."""
    return None if path is None else path.absolute()


def _for_variant(plan: RunPlan, variant: str, *, alone: bool) -> RunPlan:
    from ferrata.flows import variant_id

    name = plan.name if alone or not plan.name else f"{plan.name}_{variant_id(variant)}"
    return replace(plan, variant=variant, name=name)


def _notice(notices: Sequence[Notice], *, strict: bool) -> None:
    if strict and notices:
        raise InvalidDocument([Mistake(*notice) for notice in notices])
    for notice in notices:
        click.echo(f"warning: {printable(str(notice))}", err=True)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:g}" if isinstance(value, float) else printable(str(value))
