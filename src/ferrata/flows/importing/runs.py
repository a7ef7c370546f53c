"""promptflow's runs into Ferrata's folder of runs, whole or not at all. Statuses are made anew: failed rows are errors here."""

from __future__ import annotations

import re
import shutil
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from ferrata.clock import format_time
from ferrata.errors import InvalidDocument, Mistake, NotFound
from ferrata.flows.importing.old import read_old_run
from ferrata.flows.types import Status

if TYPE_CHECKING:
    from pathlib import Path

    from ferrata.clock import Clock
    from ferrata.flows.importing.old import OldRun

__all__ = ["ImportedRun", "import_run", "old_runs"]

_RUN_NAME = re.compile(r"(?P<flow>.+?)_(?:default|variant_\w+?)_\d{8}_\d{6}_\d{6}\Z")
_IMAGES = (".png", ".jpg", ".jpeg", ".gif", ".webp", ".bmp", ".svg", ".tiff")


class ImportedRun(NamedTuple):
    """What was taken over.

    Attributes:
        name: of the run, here.
        status: made anew.
        completed: rows.
        failed: rows.
    """

    name: str
    status: str
    completed: int
    failed: int


def old_runs(path: Path) -> list[Path]:
    """The folders of runs that a path means: itself, or those in it; `~/.promptflow` means its `.runs`.

    Raises:
        NotFound: there is none.
    """
    if not path.is_dir():
        raise NotFound(f"no such folder: {str(path)!r}")
    if (path / ".runs").is_dir():
        path = path / ".runs"
    if any((path / name).exists() for name in ("flow_artifacts", "outputs.jsonl", "flow_outputs", "meta.json")):
        return [path]
    found = sorted(
        folder
        for folder in path.iterdir()
        if folder.is_dir()
        and any((folder / name).exists() for name in ("flow_artifacts", "outputs.jsonl", "meta.json"))
    )
    if not found:
        raise NotFound(f"no runs of promptflow in {str(path)!r}", hint="they are in ~/.promptflow/.runs")
    return found


def import_run(folder: Path, runs: Path, *, clock: Clock, name: str = "") -> ImportedRun:
    """Take over one run. Everything is read before anything is written; what fails later is removed again.

    Args:
        folder: promptflow's folder of the run.
        runs: Ferrata's folder of all runs.
        clock: for runs of which no time is known.
        name: what it is to be called; its old name if empty.

    Raises:
        NotFound: there is no such folder.
        InvalidDocument: it is damaged; says which file and line.
        Conflict: the name is taken.
        UsageError: it is no name for a run.
        StoreUnavailable: it cannot be written.
    """
    from ferrata.flows.batch.flow_folder import RunFolder
    from ferrata.flows.batch.records import record_of

    old = read_old_run(folder)
    if not old.numbers and old.error is None:
        raise InvalidDocument(
            [Mistake(str(folder), 1, "", "holds no row and no error: the run never began, or is damaged")]
        )
    for number in old.numbers:
        old.row(number)  # so that damage is found before anything is written
    made = RunFolder.create(runs, name or folder.resolve().name, _document(old, clock))
    try:
        with made:
            place = _Files(old.folder, made.path)
            for number in old.numbers:
                result = old.row(number)
                result.output = place.moved(result.output)
                for node in result.nodes.values():
                    node.inputs, node.output = place.moved(dict(node.inputs)), place.moved(node.output)
                made.append(record_of(number, result, values=True))
            _copy(old, made)
            return _finish(old, made)
    except BaseException:  # also an interrupt leaves no half of a run; raised again
        shutil.rmtree(made.path, ignore_errors=True)
        raise


def _document(old: OldRun, clock: Clock) -> dict[str, Any]:
    about = old.about
    properties = cast("dict[str, Any]", about.get("properties") or {})
    name = old.folder.resolve().name
    flow = str(properties.get("flow_path") or (old.folder / "snapshot").resolve())
    mapping = properties.get("column_mapping")
    started, ended = str(about.get("start_time") or ""), str(about.get("end_time") or "")
    return {
        "status": Status.PREPARING,
        "created": about.get("created_on") or started or _begun(old) or format_time(clock.now()),
        "ended": ended or None,
        "flow": flow,
        "flow_name": _flow_name(flow, name),
        "data": None,
        "run": properties.get("run") or None,
        "column_mapping": mapping if isinstance(mapping, dict) else {},
        "variant": properties.get("node_variant") or None,
        "display_name": about.get("display_name") or name,
        "description": about.get("description") or "",
        "tags": about.get("tags") or {},
        "properties": {"imported_from": str(old.folder.resolve())},
        "file": None,
        "connections": None,
        "init": [],
        "environment": [],
        "resume_from": None,
    }


def _begun(old: OldRun) -> str:
    """When the first row began; empty where no row says."""
    started = [time for time in (old.row(number).started for number in old.numbers[:1]) if time]
    return format_time(datetime.fromtimestamp(started[0], UTC)) if started else ""


def _flow_name(flow: str, run: str) -> str:
    """The name of a flow's folder; where only the snapshot is known, what a run's name was made of."""
    name = flow.replace("\\", "/").rstrip("/").rpartition("/")[2]
    made = _RUN_NAME.match(run)
    return made["flow"] if name == "snapshot" and made else run if name == "snapshot" else name


def _copy(old: OldRun, made: Any) -> None:
    """The run's own data, its log and the snapshot of its flow."""
    for name in ("logs.txt",):
        if (old.folder / name).is_file():
            shutil.copyfile(old.folder / name, made.path / name)
    if (old.folder / "snapshot").is_dir():
        shutil.copytree(old.folder / "snapshot", made.path / "snapshot")
    given = str(old.about.get("data") or "")
    data = old.folder / "inputs.jsonl"
    if given and type(old.folder)(given).exists():
        made.document["data"] = {"path": given}
    elif data.is_file():
        shutil.copyfile(data, made.path / "inputs.jsonl")
        made.document["data"] = {"path": str((made.path / "inputs.jsonl").resolve())}


def _finish(old: OldRun, made: Any) -> ImportedRun:
    index = made.index
    error = old.error if not old.numbers else None
    failed_once = [name for name, status in old.aggregation.items() if status == Status.FAILED]
    if not index.completed:
        status = Status.FAILED
    else:
        status = Status.COMPLETED_WITH_ERRORS if index.failed or failed_once else Status.COMPLETED
    if old.metrics or old.aggregation:
        made.save_metrics(old.metrics)
    aggregation: dict[str, Any] | None = None
    if old.aggregation:
        of_nodes = {"code": "AggregationNodeExecutionFailed", "message": f"failed: {', '.join(failed_once)}"}
        aggregation = {
            "error": of_nodes if failed_once else None,
            "nodes": {name: {"status": status} for name, status in old.aggregation.items()},
        }
    made.save(
        status=status,
        total=len(index),
        completed=index.completed,
        failed=index.failed,
        tokens=[index.input_tokens, index.output_tokens],
        cost_usd=None,
        metrics=old.metrics,
        aggregation=aggregation,
        error=error,
    )
    return ImportedRun(made.name, str(status), index.completed, index.failed)


class _Files:
    """Copies the images that outputs of the flow and of its nodes refer to, and makes the references lead to the copies."""

    def __init__(self, source: Path, target: Path) -> None:
        self._source = source
        self._target = target / "files"
        nodes = source / "node_artifacts"
        self._of_nodes = sorted(f"node_artifacts/{one.name}" for one in nodes.iterdir()) if nodes.is_dir() else []

    def moved(self, value: Any) -> Any:
        """The value with images beside the run."""
        if isinstance(value, list):
            return [self.moved(item) for item in cast("list[Any]", value)]
        if not isinstance(value, dict):
            return value
        found = cast("dict[Any, Any]", value)
        return {
            key: self._copied(item) if str(key).endswith(";path") and isinstance(item, str) else self.moved(item)
            for key, item in found.items()
        }

    def _copied(self, path: str) -> str:
        name = path.replace("\\", "/").rpartition("/")[2]
        for folder in ("flow_outputs", "flow_artifacts", *self._of_nodes):
            file = self._source / folder / name
            if file.suffix.lower() in _IMAGES and file.is_file():
                self._target.mkdir(exist_ok=True)
                shutil.copyfile(file, self._target / name)
                return str((self._target / name).resolve())
        return path
