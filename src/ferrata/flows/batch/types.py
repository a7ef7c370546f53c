"""What a run over data is asked to do, and what came of it: plain data. Knows no file format."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from ferrata.runs import Status

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["Given", "Progress", "RunPlan", "RunSummary"]


@dataclass(frozen=True)
class Given:
    """What a run was begun with and takes to open its flow again; of values that may be secret, only the names.

    Attributes:
        flow: its path.
        file: the run.yaml; None where there was none.
        connections: a file of connections.
        init: names of the arguments of a class flow.
        environment: names of variables.
        node_connections: node -> what its connection, deployment or model is instead, as the command line says it.
        version: of the registry, as `flow/support@3`, which `flow` is a copy of; empty where it is none.
    """

    flow: Path
    file: Path | None = None
    connections: Path | None = None
    init: tuple[str, ...] = ()
    environment: tuple[str, ...] = ()
    node_connections: Mapping[str, Mapping[str, Any]] = field(default_factory=dict[str, "Mapping[str, Any]"])
    version: str = ""


@dataclass(frozen=True)
class RunPlan:
    """A run over data.

    Attributes:
        given: the flow and what it is opened with.
        data: a file or folder of rows; None: the rows of an earlier run.
        mapping: input -> `${data.COLUMN}` or a value, as the user gave it.
        run: the earlier run, by name.
        variant: `${node.variant}`.
        name: of the run; empty: made of the flow's name, the variant and the time.
        display_name: for people; empty: the name.
        description: likewise.
        tags: name -> value.
        properties: likewise.
    """

    given: Given
    data: Path | None = None
    mapping: Mapping[str, Any] = field(default_factory=dict[str, Any])
    run: str = ""
    variant: str = ""
    name: str = ""
    display_name: str = ""
    description: str = ""
    tags: Mapping[str, str] = field(default_factory=dict[str, str])
    properties: Mapping[str, str] = field(default_factory=dict[str, str])


class Progress(NamedTuple):
    """How far a run is.

    Attributes:
        ended: rows with a record.
        failed: of them.
        total: rows in all; None where it is not known.
    """

    ended: int
    failed: int
    total: int | None


@dataclass(frozen=True)
class RunSummary:
    """What came of a run.

    Attributes:
        name: the run's.
        status: `Completed`; `CompletedWithErrors` where rows or the aggregation failed; `Failed` where no row was completed;
            `Canceled` where it was stopped and can be resumed.
        total: rows; of a stopped run also those that it has not come to.
        completed: of them.
        failed: of them.
        metrics: of the aggregation.
        error: why it was stopped or cannot be trusted, as `failures.error_of` makes it; None if there is nothing.
        aggregation_error: what the aggregation failed with, likewise.
        seconds: that it took, parts before a resume included.
        input_tokens: of all models that were asked.
        output_tokens: likewise.
        cost: US dollars; None where it is not known.
    """

    name: str
    status: Status
    total: int
    completed: int
    failed: int
    metrics: Mapping[str, Any] = field(default_factory=dict[str, Any])
    error: Mapping[str, Any] | None = None
    aggregation_error: Mapping[str, Any] | None = None
    seconds: float = 0.0
    input_tokens: int = 0
    output_tokens: int = 0
    cost: float | None = None

    @property
    def broken(self) -> bool:
        """Whether it is not only rows that went wrong."""
        return self.aggregation_error is not None or self.status in (Status.FAILED, Status.CANCELED)
