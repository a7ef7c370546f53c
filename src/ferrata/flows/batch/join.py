"""The rows of a run: those of its data, joined by number with an earlier run's where there is one, under a column mapping.

Streams: no more than a row of each source is in memory. Knows nothing of how rows are run.
"""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from ferrata.datasets import count_rows, read_rows
from ferrata.flows.batch.mapping import DATA, LINE_NUMBER, RUN_INPUTS, RUN_OUTPUTS, missing_columns
from ferrata.flows.failures import FlowError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Mapping
    from pathlib import Path

    from ferrata.datasets import Row
    from ferrata.flows.batch.mapping import ColumnMapping

__all__ = ["EarlierRun", "RunRow", "Sources", "check_sources", "count_of", "rows_of"]

# Numbers up to this many times as large as their count are kept a byte each.
_SPREAD = 16


class EarlierRun(Protocol):
    """As much of a run as another one reads."""

    @property
    def name(self) -> str:
        """The run's."""
        ...

    def completed(self) -> Iterator[int]:
        """The rows that were completed, in their order."""
        ...

    def output(self, number: int) -> dict[str, Any] | None:
        """The output of a row with its number; None where it was not completed."""
        ...


class Sources(NamedTuple):
    """Where the rows of a run come from; at least one of `data` and `run`.

    Attributes:
        data: a file or a folder.
        run: an earlier run.
        run_data: the earlier run's own data, for `${run.inputs.COLUMN}`; None where it is not there.
    """

    data: Path | None = None
    run: EarlierRun | None = None
    run_data: Path | None = None


class RunRow(NamedTuple):
    """A row to run.

    Attributes:
        number: from 0.
        inputs: of the flow.
        place: where it comes from.
        error: why it cannot be run; None if it can.
    """

    number: int
    inputs: dict[str, Any]
    place: str = ""
    error: FlowError | None = None


class _Joined(NamedTuple):
    number: int
    sources: Mapping[str, Mapping[str, Any]]
    place: str
    problem: str = ""


def rows_of(
    sources: Sources, mapping: ColumnMapping, *, resolve: Callable[[Any, Path], Any] | None = None
) -> Generator[RunRow]:
    """The rows with their inputs, in the order of the data.

    Args:
        sources: where they come from.
        mapping: what each input is made of.
        resolve: makes paths in a row's values absolute, given the folder of its file.

    Raises:
        FlowError: the numbers of the rows do not fit together.
        UsageError: a file cannot be read.
    """
    for joined in _join(sources, mapping, resolve):
        number, found, place, problem = joined
        if problem:
            yield RunRow(number, {}, place, FlowError("InvalidUserData", f"{place}: {problem}"))
            continue
        try:
            inputs = mapping.apply(found)
        except FlowError as error:
            yield RunRow(number, {}, place, FlowError(error.codes, f"{place}: {error.message}", hint=error.hint))
        else:
            yield RunRow(number, inputs, place)


def count_of(sources: Sources) -> int:
    """How many rows there will be; where rows carry numbers of their own, at most."""
    if sources.run is None:
        return count_rows(sources.data) if sources.data else 0
    of_run = sources.run.completed()
    if sources.data is None:
        return sum(1 for _ in of_run)
    of_data = count_rows(sources.data)
    return sum(1 for number in of_run if number < of_data)


def check_sources(sources: Sources, mapping: ColumnMapping) -> None:
    """Look before anything is run whether there are rows at all, and whether each column is in some row.

    Reads the first row; the rest only as far as a column is not found.

    Raises:
        FlowError: EmptyInputsData, InputMappingError or ApplyInputMappingError.
        UsageError: a file cannot be read.
    """
    if sources.data is None and sources.run is None:
        raise FlowError("ValidationException", "a run needs data or an earlier run", hint="give --data or --run")
    if all(first is None for first in _firsts(sources)):
        raise FlowError("EmptyInputsData", f"there are no rows in {_named(sources)}")
    _check_lengths(sources)
    unseen = list(mapping.columns)
    columns: dict[str, dict[str, None]] = {}
    readable = rows = 0
    with closing(_join(sources, mapping, None)) as all_rows:
        for joined in all_rows:
            rows += 1
            if joined.problem:
                continue
            readable += 1
            unseen = mapping.unseen(joined.sources, unseen)
            if not unseen:
                return
            for source, values in joined.sources.items():
                columns.setdefault(source, {}).update(dict.fromkeys(values))
    if not rows:
        raise FlowError("InputMappingError", f"no row is complete: {_named(sources)} have no row in common")
    if readable and unseen:
        raise missing_columns([mapping.columns[name].text for name in unseen], columns)


def _named(sources: Sources) -> str:
    names = [repr(str(path)) for path in (sources.data, sources.run_data) if path is not None]
    return " and ".join([*names, *([f"run {sources.run.name!r}"] if sources.run else [])])


def _firsts(sources: Sources) -> Iterator[object]:
    if sources.data is not None:
        with closing(read_rows(sources.data)) as rows:
            yield next(rows, None)
    if sources.run is not None:
        yield next(sources.run.completed(), None)


def _check_lengths(sources: Sources) -> None:
    """The data and the earlier run's data go together row by row, so they must be of one length."""
    if sources.data is None or sources.run_data is None or sources.data == sources.run_data:
        return
    if _is_numbered(sources.data) or _is_numbered(sources.run_data):
        return
    counts = {DATA: count_rows(sources.data), RUN_INPUTS: count_rows(sources.run_data)}
    if len(set(counts.values())) > 1:
        raise FlowError(
            "InputMappingError",
            f"data has {counts[DATA]:,} rows and run.inputs {counts[RUN_INPUTS]:,}: they cannot be joined by number",
            hint=f"give rows of one length, or a column {LINE_NUMBER!r}",
        )


def _is_numbered(path: Path) -> bool:
    with closing(read_rows(path)) as rows:
        first = next((row for row in rows if not row.problem), None)
    return first is not None and LINE_NUMBER in first.values


class _Numbered(NamedTuple):
    number: int
    row: Row


def _numbered(path: Path, source: str) -> Iterator[_Numbered]:
    """Rows with their numbers: the column `line_number` where the first row has it, else by counting."""
    explicit: bool | None = None
    seen = _Seen()
    for index, row in enumerate(read_rows(path)):
        if explicit is None and not row.problem:
            explicit = LINE_NUMBER in row.values
        if not explicit:
            yield _Numbered(index, row)
            continue
        if row.problem:  # without its number, nothing says which row it is
            raise FlowError("InputMappingError", f"{row.place}: {row.problem}")
        number = _as_number(row.values.get(LINE_NUMBER))
        if number is None or not seen.add(number):
            what = "comes again" if number is not None else "must be a whole number from 0"
            value = row.values.get(LINE_NUMBER)
            raise FlowError("InputMappingError", f"{row.place}: {LINE_NUMBER} {value!r} of {source} {what}")
        yield _Numbered(number, row)


class _Seen:
    """Numbers of rows that have come: a byte each, but for those that are far beyond how many there are."""

    def __init__(self) -> None:
        self._near = bytearray()
        self._far: set[int] = set()
        self._count = 0

    def add(self, number: int) -> bool:
        """Take in a number; whether it is new."""
        if number in self._far or (number < len(self._near) and self._near[number]):
            return False
        self._count += 1
        if number >= len(self._near):
            if number > _SPREAD * (self._count + 64):
                self._far.add(number)
                return True
            self._near.extend(bytes(number + 1 - len(self._near)))
        self._near[number] = 1
        return True


def _as_number(value: Any) -> int | None:
    if isinstance(value, str) and value.isascii() and value.isdigit():
        return int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _join(sources: Sources, mapping: ColumnMapping, resolve: Callable[[Any, Path], Any] | None) -> Generator[_Joined]:
    run = sources.run
    beside = None
    if run is not None and sources.run_data is not None and mapping.uses(RUN_INPUTS):
        beside = _Stepper(sources.run_data)
    if sources.data is None:
        leading = ((number, None) for number in run.completed()) if run is not None else iter(())
    else:
        leading = iter(_numbered(sources.data, DATA))
    for number, row in leading:
        found: dict[str, Mapping[str, Any]] = {}
        rows = {} if row is None else {DATA: row}
        if run is not None:
            output = run.output(number)
            if output is None:
                continue
            if beside is not None:
                other = beside.at(number)
                if other is None:
                    continue
                rows[RUN_INPUTS] = other
            found[RUN_OUTPUTS] = output
        problem = next((one for one in rows.values() if one.problem), None)
        place = row.place if row is not None else f"run {run.name} line {number}" if run is not None else ""
        if problem is not None:
            yield _Joined(number, {}, problem.place, problem.problem)
            continue
        for source, one in rows.items():
            found[source] = one.values if resolve is None else resolve(one.values, one.folder)
        yield _Joined(number, found, place)


class _Stepper:
    """Goes through a file alongside of another source; numbers must ascend."""

    def __init__(self, path: Path) -> None:
        self._rows = _numbered(path, RUN_INPUTS)
        self._current = next(self._rows, None)
        self._asked = -1

    def at(self, number: int) -> Row | None:
        if number <= self._asked:
            raise FlowError(
                "InputMappingError", f"{LINE_NUMBER} {number} comes after {self._asked}", hint="sort the rows by it"
            )
        self._asked = number
        while self._current is not None and self._current.number < number:
            self._current = next(self._rows, None)
        return self._current.row if self._current is not None and self._current.number == number else None
