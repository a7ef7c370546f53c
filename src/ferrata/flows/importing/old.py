"""A run's folder as promptflow left it, read: rows, nodes, metrics, and what its database knows of the run. Writes nothing.

inputs.jsonl outputs.jsonl metrics.json error.json logs.txt
flow_artifacts/FIRST_LAST.jsonl        a line for each row: status, inputs, output, error
node_artifacts/NODE/NUMBER.jsonl       one row of one node
../../pf.sqlite                        names, times, data, column mapping
"""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

from ferrata.errors import InvalidDocument, Mistake, NotFound
from ferrata.flows.types import LineResult, NodeResult, Status
from ferrata.messages import Usage

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

__all__ = ["OldRun", "read_old_run"]

# These stand around the class of an error, which is what Ferrata goes by.
_WRAPPERS = ("UserError", "SystemError", "UserErrorException")
_STATUSES = {
    "Completed": Status.COMPLETED,
    "Failed": Status.FAILED,
    "Bypassed": Status.BYPASSED,
    "Canceled": Status.CANCELED,
}


@dataclass
class OldRun:
    """What a run was.

    Attributes:
        folder: promptflow's.
        numbers: of the rows, in order.
        about: what the database says: `flow_path`, `data`, `column_mapping`, `created`, ...; empty where it is not there.
        metrics: as they were logged.
        error: of the run as a whole, as data; None if there is none.
        aggregation: node -> status, of nodes that ran once.
    """

    folder: Path
    numbers: list[int] = field(default_factory=list[int])
    about: dict[str, Any] = field(default_factory=dict[str, Any])
    metrics: dict[str, Any] = field(default_factory=dict[str, Any])
    error: dict[str, Any] | None = None
    aggregation: dict[str, str] = field(default_factory=dict[str, str])

    def __post_init__(self) -> None:
        self._outputs = _by_number(self.folder / "outputs.jsonl") or _by_number(
            self.folder / "flow_outputs/output.jsonl"
        )
        self._inputs = _by_number(self.folder / "inputs.jsonl")
        self._artifacts: dict[int, tuple[Path, int]] = {}
        for file in sorted((self.folder / "flow_artifacts").glob("*.jsonl")):
            for place, found in _lines(file):
                self._artifacts[_number(found, file, place)] = (file, place)
        self.numbers = sorted(self._artifacts.keys() | self._outputs.keys())
        nodes = self.folder / "node_artifacts"
        self._nodes = sorted(path.name for path in nodes.iterdir() if path.is_dir()) if nodes.is_dir() else []
        for name in list(self._nodes):
            first = nodes / name / "000000000.jsonl"
            of_first = next(_lines(first), None) if first.is_file() else None
            if of_first is not None and of_first[1].get("line_number") is None:
                self.aggregation[name] = str(of_first[1].get("status") or Status.COMPLETED)
                self._nodes.remove(name)

    def row(self, number: int) -> LineResult:
        """What came of a row.

        Raises:
            InvalidDocument: a file of it is damaged.
        """
        info: dict[str, Any] = {}
        if number in self._artifacts:
            file, place = self._artifacts[number]
            info = _mapping(next(found for at, found in _lines(file) if at == place).get("run_info"), file, place)
        output = self._outputs.get(number)
        status = _STATUSES.get(str(info.get("status")), Status.COMPLETED if output is not None else Status.FAILED)
        if output is None and status == Status.COMPLETED:
            output = info.get("output") if isinstance(info.get("output"), dict) else {"output": info.get("output")}
        given = info.get("inputs") or self._inputs.get(number) or {}
        error = _error_of(info.get("error")) if status != Status.COMPLETED else None
        return LineResult(
            Status.COMPLETED if status == Status.COMPLETED else Status.FAILED,
            inputs={key: value for key, value in given.items() if key != "line_number"},
            output=cast("dict[str, Any]", output) if status == Status.COMPLETED and output is not None else {},
            nodes={node.name: node for node in self._nodes_of(number)},
            error=error,
            started=_seconds(info.get("start_time")),
            ended=_seconds(info.get("end_time")),
        )

    def _nodes_of(self, number: int) -> Iterator[NodeResult]:
        found: list[NodeResult] = []
        for name in self._nodes:
            file = self.folder / "node_artifacts" / name / f"{number:09d}.jsonl"
            if not file.is_file():
                continue
            for place, line in _lines(file):
                info = _mapping(line.get("run_info"), file, place)
                counted = cast("dict[str, Any]", info.get("system_metrics") or {})
                tokens = (int(counted.get("prompt_tokens") or 0), int(counted.get("completion_tokens") or 0))
                status = _STATUSES.get(str(info.get("status")), Status.FAILED)
                found.append(
                    NodeResult(
                        name,
                        status,
                        inputs=_dict(info.get("inputs")),
                        output=info.get("output"),
                        error=_error_of(info.get("error")) if info.get("error") else None,
                        started=_seconds(info.get("start_time")),
                        ended=_seconds(info.get("end_time")),
                        usage=Usage(*tokens) if any(tokens) else None,
                    )
                )
        yield from sorted(found, key=lambda node: node.ended)


def _dict(found: Any) -> dict[str, Any]:
    return cast("dict[str, Any]", found) if isinstance(found, dict) else {}


def read_old_run(folder: Path) -> OldRun:
    """A run's folder.

    Raises:
        NotFound: there is no such folder.
        InvalidDocument: it is no run's folder, or is damaged; says which file and line.
    """
    if not folder.is_dir():
        raise NotFound(f"no such folder: {str(folder)!r}")
    known = ("flow_artifacts", "outputs.jsonl", "error.json", "flow_outputs")
    if not any((folder / name).exists() for name in known):
        raise InvalidDocument(
            [Mistake(str(folder), 1, "", "is no run of promptflow: it has neither flow_artifacts nor outputs.jsonl")],
            hint="give the folder of a run, as ~/.promptflow/.runs/NAME, or the folder of all runs",
        )
    run = OldRun(folder, about=_from_database(folder))
    metrics, error = _document(folder / "metrics.json"), _document(folder / "error.json")
    run.metrics = metrics if metrics is not None else {}
    run.error = _error_of(error) if error is not None else None
    return run


def _lines(file: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """The line numbers, from 1, and mappings of a file of JSON lines; nothing where there is no such file.

    Raises:
        InvalidDocument: a line is none.
    """
    try:
        text = file.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidDocument([Mistake(str(file), 1, "", f"cannot be read: {error}")]) from None
    for place, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            found: Any = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise InvalidDocument([Mistake(str(file), place, "", f"not valid JSON: {error}")]) from None
        yield place, _mapping(found, file, place)


def _document(file: Path) -> dict[str, Any] | None:
    try:
        text = file.read_text(encoding="utf-8-sig")
        found: Any = json.loads(text)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError) as error:
        raise InvalidDocument([Mistake(str(file), 1, "", f"not valid JSON: {error}")]) from None
    return _mapping(found, file, 1)


def _mapping(found: Any, file: Path, line: int) -> dict[str, Any]:
    if not isinstance(found, dict):
        raise InvalidDocument([Mistake(str(file), line, "", "must be a JSON object")])
    return cast("dict[str, Any]", found)


def _number(found: Mapping[str, Any], file: Path, line: int) -> int:
    number = found.get("line_number")
    if isinstance(number, bool) or not isinstance(number, int) or number < 0:
        raise InvalidDocument(
            [Mistake(str(file), line, "line_number", f"must be a whole number from 0, not {number!r}")]
        )
    return number


def _by_number(file: Path) -> dict[int, dict[str, Any]]:
    """Rows by their numbers, without them."""
    found: dict[int, dict[str, Any]] = {}
    for place, line in _lines(file):
        if "line_number" not in line:
            return {number: row for number, (_, row) in enumerate(_lines(file))}
        found[_number(line, file, place)] = {key: value for key, value in line.items() if key != "line_number"}
    return found


def _error_of(found: Any) -> dict[str, Any]:
    """Promptflow's error as ours: the classes outermost first, without what only says whose fault it was."""
    about = cast("dict[str, Any]", found) if isinstance(found, dict) else {}
    codes: list[str] = []
    inner: Any = about
    while isinstance(inner, dict):
        code = cast("dict[str, Any]", inner).get("code")
        if code and code not in _WRAPPERS:
            codes.append(str(code))
        inner = cast("dict[str, Any]", inner).get("innerError")
    first, *rest = codes or [str(about.get("code") or "Unknown")]
    error: dict[str, Any] = {"code": first, "message": str(about.get("message") or ""), "inner": rest, "hint": ""}
    for more in cast("list[Any]", about.get("additionalInfo") or []):
        if isinstance(more, dict) and cast("dict[str, Any]", more).get("type") == "ToolExecutionErrorDetails":
            error["details"] = cast("dict[str, Any]", more).get("info")
    return error


def _seconds(time: Any) -> float:
    """Seconds since the epoch of a time of day in UTC; 0 where there is none."""
    try:
        made = datetime.fromisoformat(str(time).replace("Z", "+00:00"))
    except ValueError:
        return 0.0
    return (made if made.tzinfo else made.replace(tzinfo=UTC)).timestamp()


def _from_database(folder: Path) -> dict[str, Any]:
    """What promptflow's database says of the run; nothing where it is not there, or of another version."""
    file = folder.resolve().parent.parent / "pf.sqlite"
    if folder.resolve().parent.name != ".runs" or not file.is_file():
        return {}
    keys = ("created_on", "display_name", "description", "tags", "properties", "start_time", "end_time", "data")
    try:
        with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)) as database:
            row = database.execute(
                f"SELECT {', '.join(keys)} FROM run_info WHERE name = ?",  # noqa: S608 - fixed names
                (folder.resolve().name,),
            ).fetchone()
    except sqlite3.Error:
        return {}
    if row is None:
        return {}
    about: dict[str, Any] = dict(zip(keys, row, strict=True))
    for key in ("tags", "properties"):
        try:
            about[key] = json.loads(about[key]) if about[key] else {}
        except ValueError:
            about[key] = {}
    return about
