"""`promptflow.client`: flows, runs and connections from code."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from importlib import import_module
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ferrata.clock import SystemClock
from ferrata.errors import FerrataError
from ferrata.flows.background import wait_for
from ferrata.flows.promptflow._sdk._errors import RunNotFoundError
from ferrata.flows.promptflow.core._flow import load_flow
from ferrata.flows.promptflow.entities import Run
from ferrata.flows.promptflow.exceptions import UserErrorException
from ferrata.flows.promptflow.named_connections import NamedConnections

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["PFClient", "load_connection", "load_flow", "load_run"]


_RUNS = Path(".ferrata/runs")
_log = logging.getLogger("ferrata.flows")


class PFClient:
    """Runs flows here. It keeps no database: connections are those of files, and those that code creates last as long as it does.

    Args:
        config: kept for what was written against it.
        connections: a file of connections; that of the working directory if None.
    """

    def __init__(
        self, config: Mapping[str, Any] | None = None, *, connections: str | PathLike[str] | None = None
    ) -> None:
        _ = config
        self.connections = NamedConnections(Path(connections) if connections is not None else None)
        self.runs = _Runs(self)
        self.flows = _Flows(self)

    def test(
        self,
        flow: str | PathLike[str],
        *,
        inputs: Mapping[str, Any] | str | PathLike[str] | None = None,
        variant: str | None = None,
        node: str | None = None,
        environment_variables: Mapping[str, str] | None = None,
        init: Mapping[str, Any] | None = None,
    ) -> Any:
        """The output of a flow for one line.

        Raises:
            UserErrorException: the flow does not load, or a node failed.
        """
        if node is not None:
            raise UserErrorException("one node alone is tested on the command line: `flow test FLOW --node NAME`")
        from ferrata.flows.open import open_flow

        try:
            loaded = open_flow(
                Path(flow),
                connections=self.connections.all(),
                variants=_variants(variant),
                init=init,
                environment=environment_variables,
            )
        except FerrataError as error:
            raise UserErrorException(error.message, error=error) from error
        try:
            result = wait_for(loaded.line(_inputs(inputs)), on="flows")
        finally:
            loaded.close()
        if result.error is not None:
            raise UserErrorException(str(result.error.get("message", "")))
        return result.output

    def run(
        self,
        flow: str | PathLike[str] | Run | None = None,
        *,
        data: str | PathLike[str] | None = None,
        run: str | Run | None = None,
        column_mapping: Mapping[str, Any] | None = None,
        variant: str | None = None,
        connections: Mapping[str, Any] | None = None,
        environment_variables: Mapping[str, str] | None = None,
        name: str | None = None,
        display_name: str | None = None,
        tags: Mapping[str, str] | None = None,
        resume_from: str | Run | None = None,
        code: str | PathLike[str] | None = None,
        init: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> Run:
        """Run a flow over data, or what an earlier run has left undone.

        Args:
            flow: its folder or file.
            data: a file or folder of rows.
            run: an earlier run, whose rows and outputs are taken.
            column_mapping: input -> `${data.COLUMN}` or a value.
            variant: `${node.variant}`.
            connections: name -> connection; or node -> other connections, as a run.yaml has them.
            environment_variables: for the flow.
            name: of the run.
            display_name: for people.
            tags: name -> value.
            resume_from: a run whose completed rows are taken over; flow, data and mapping are its own.
            code: not taken here.
            init: arguments of a class flow.
            kwargs: `description` and `properties`; others are passed over with a warning, as in promptflow without one.

        Raises:
            ValueError: there is neither data nor a run, or `resume_from` comes with what is that run's.
            UserErrorException: the flow does not load, the data do not fit, or `code` is given.
        """
        about = _about(name, display_name, tags, kwargs)
        if resume_from is not None:
            fixed = {"flow": flow, "data": data, "run": run, "column_mapping": column_mapping, "variant": variant}
            fixed |= {"connections": connections, "environment_variables": environment_variables, "init": init}
            _refuse_with_resume(fixed)
            return self._resumed(_named(resume_from) or "", about)
        if flow is None:
            raise ValueError("'flow' is required to create a run.")
        if data is None and run is None:
            raise ValueError("at least one of data or run must be provided")
        if code is not None:
            raise UserErrorException("'code' is not taken here; give the folder of the flow")
        options = {"variants": _variants(variant), "environment": environment_variables, "init": init}
        about |= {"data": None if data is None else Path(data).absolute(), "run": _named(run) or ""}
        about |= {"mapping": dict(column_mapping or {}), "variant": variant or ""}
        return self._begun(flow, options, about, connections or {})

    def _begun(
        self, flow: object, options: dict[str, Any], about: dict[str, Any], connections: Mapping[str, Any]
    ) -> Run:
        """A run over data; connections of nodes are told from connections by their being mappings."""
        others: dict[str, Any] = {key: value for key, value in connections.items() if isinstance(value, dict)}
        given = {key: value for key, value in connections.items() if key not in others}
        options |= {"connections": {**self.connections.all(), **given}, "node_connections": others}
        try:
            made = _run(Path(str(flow)).absolute(), options, **about)
        except FerrataError as error:
            raise UserErrorException(error.message, error=error) from error
        return Run(made.name, str(made.status), str(flow), _RUNS.absolute() / made.name)

    def _resumed(self, old: str, about: Mapping[str, Any]) -> Run:
        """A new run with the completed rows of an old one."""
        batch: Any = import_module("ferrata.flows.batch")
        replacing = {key: value for key, value in about.items() if value}
        try:
            with batch.RunFolder.read(_RUNS.absolute(), old) as folder:
                plan = replace(batch.plan_of(folder.document), **{"name": "", **replacing})
            options = {
                "connections": self.connections.all(),
                "node_connections": plan.given.node_connections,
                "variants": _variants(plan.variant),
            }
            made = _run(plan.given.flow, options, resume_from=old, plan=plan)
        except FerrataError as error:
            raise UserErrorException(error.message, error=error) from error
        return Run(made.name, str(made.status), str(plan.given.flow), _RUNS.absolute() / made.name)

    def stream(self, run: str | Run, raise_on_error: bool = True) -> Run:
        """The run; it has ended already.

        Raises:
            UserErrorException: it failed.
        """
        found = self.runs.get(run)
        if raise_on_error and found.status == "Failed":
            raise UserErrorException(f"the run {found.name!r} failed; see {found.folder}")
        return found

    def get_details(self, run: str | Run, max_results: int = 100, all_results: bool = False) -> Any:
        """Inputs and outputs of the lines: a table of pandas where that is installed, else a list of dictionaries."""
        lines = self.runs.lines(run)[: None if all_results else max_results]
        try:
            from pandas import DataFrame  # pyright: ignore[reportMissingImports, reportUnknownVariableType]
        except ImportError:
            return lines
        return DataFrame(lines)  # pyright: ignore[reportUnknownVariableType]

    def get_metrics(self, run: str | Run) -> dict[str, Any]:
        """What aggregation logged."""
        folder = self.runs.get(run).folder
        file = folder / "metrics.json" if folder else None
        return json.loads(file.read_text(encoding="utf-8")) if file and file.is_file() else {}

    def visualize(self, runs: Any) -> None:
        """Not here.

        Raises:
            UserErrorException: always; says what shows runs.
        """
        _ = runs
        raise UserErrorException("runs are shown by the commands of `flow`, not from code")


class _Runs:
    """Runs by their names."""

    def __init__(self, client: PFClient) -> None:
        self._client = client

    def get(self, name: str | Run) -> Run:
        """The run of a name, or in a folder.

        Raises:
            RunNotFoundError: there is none.
        """
        if isinstance(name, Run):
            return name
        for folder in (Path(name), _RUNS / name):
            if folder.is_dir():
                about = folder / "run.json"
                known: dict[str, Any] = json.loads(about.read_text(encoding="utf-8")) if about.is_file() else {}
                return Run(str(known.get("name", folder.name)), str(known.get("status", "")), known.get("flow"), folder)
        raise RunNotFoundError(f"Run {name!r} cannot be found.")

    def lines(self, run: str | Run) -> list[dict[str, Any]]:
        """Inputs and outputs of the lines, under names as `inputs.question`."""
        folder = self.get(run).folder
        if folder is None:
            return []
        found: list[dict[str, Any]] = []
        rooms: Any = import_module("ferrata.flows.batch")
        with rooms.RunFolder.read(folder.parent, folder.name) as opened:
            for line in opened.lines(completed=None):
                row: dict[str, Any] = {"inputs.line_number": line["line_number"]}
                row |= {f"inputs.{key}": value for key, value in line.get("inputs", {}).items()}
                found.append(row | {f"outputs.{key}": value for key, value in line.get("output", {}).items()})
        return found


def _run(flow: Path, options: Mapping[str, Any], *, resume_from: str = "", plan: Any = None, **about: Any) -> Any:
    """Run a flow over data, in the working directory's folder of runs; what it came to."""
    # By their names: these rooms lie above this one, since flows import it.
    from ferrata.flows.open import open_flow
    from ferrata.flows.process import inside

    batch: Any = import_module("ferrata.flows.batch")
    types: Any = import_module("ferrata.flows.batch.types")
    loaded = open_flow(flow, **options)
    try:
        planned = plan or types.RunPlan(types.Given(flow, node_connections=options["node_connections"]), **about)
        ready = batch.new_run(_RUNS.absolute(), loaded, planned, clock=SystemClock(), resume_from=resume_from)
        with inside(loaded):
            return wait_for(batch.run_flow(loaded, ready.rows(), ready.folder, total=ready.total), on="flows")
    finally:
        loaded.close()


class _Flows:
    """Flows."""

    def __init__(self, client: PFClient) -> None:
        self._client = client

    def test(self, flow: str | PathLike[str], **kwargs: Any) -> Any:
        """As `PFClient.test`."""
        return self._client.test(flow, **kwargs)


def load_run(source: str | PathLike[str], **kwargs: Any) -> Run:
    """The run that a `run.yaml` describes, not yet made: give what it says to `PFClient.run`."""
    from ferrata.flows.promptflow._utils.yaml_utils import load_yaml

    about = {**load_yaml(str(source)), **kwargs}
    name = str(about.get("name") or Path(source).stem)
    return Run(name, "NotStarted", about.get("flow"), display_name=about.get("display_name"), properties=about)


def load_connection(source: str | PathLike[str], **_kwargs: Any) -> Any:
    """The connection in a file of one.

    Raises:
        InvalidDocument: it is wrong.
    """
    from ferrata.flows.formats.connections import read_connections

    return next(iter(read_connections(Path(source)).values()))


def _named(run: str | Run | None) -> str | None:
    return run.name if isinstance(run, Run) else run


def _about(
    name: str | None, display_name: str | None, tags: Mapping[str, str] | None, others: Mapping[str, Any]
) -> dict[str, Any]:
    """What says of a run what it is; what nobody takes is passed over with a warning."""
    about: dict[str, Any] = {"name": name or "", "display_name": display_name or "", "tags": dict(tags or {})}
    about |= {key: others[key] for key in ("description", "properties") if others.get(key)}
    if unknown := sorted(others.keys() - {"description", "properties"}):
        _log.warning("PFClient.run takes no %s; passed over", ", ".join(map(repr, unknown)))
    return about


def _refuse_with_resume(fixed: Mapping[str, Any]) -> None:
    unsupported = {key: value for key, value in fixed.items() if value}
    if unsupported:
        raise ValueError(
            f"'resume_from' is not supported to be used with the with following parameters: {unsupported}. "
        )


def _inputs(given: Mapping[str, Any] | str | PathLike[str] | None) -> Mapping[str, Any]:
    """The inputs, or the first of those in a file of JSON lines."""
    if given is None or not isinstance(given, str | PathLike):
        return given or {}
    text = Path(given).read_text(encoding="utf-8-sig").strip()
    return json.loads(text.partition("\n")[0] if str(given).endswith(".jsonl") else text)


def _variants(variant: str | None) -> dict[str, str]:
    if not variant:
        return {}
    node, _, name = variant.removeprefix("${").removesuffix("}").partition(".")
    return {node: name}
