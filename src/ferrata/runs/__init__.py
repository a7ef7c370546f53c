"""Runs over rows: a folder each, a record a row, to be resumed at any moment. Knows nothing of what is run."""

from typing import TYPE_CHECKING

from ferrata.doors import door

if TYPE_CHECKING:
    from ferrata.runs.cancelling import (
        cancellable,
        run_to_end,
    )
    from ferrata.runs.cluster import open_cluster
    from ferrata.runs.fail_on import (
        FailOn,
    )
    from ferrata.runs.folder import (
        RunFolder,
    )
    from ferrata.runs.index import (
        Head,
        LineIndex,
        Record,
        read_heads,
        spent_record,
    )
    from ferrata.runs.status import (
        Status,
    )
    from ferrata.runs.threads import (
        Threads,
    )
else:
    __getattr__ = door(
        __name__,
        cancelling=["cancellable", "run_to_end"],
        cluster=["open_cluster"],
        fail_on=["FailOn"],
        folder=["RunFolder"],
        index=["Head", "LineIndex", "Record", "read_heads", "spent_record"],
        status=["Status"],
        threads=["Threads"],
    )

__all__ = [
    "FailOn",
    "Head",
    "LineIndex",
    "Record",
    "RunFolder",
    "Status",
    "Threads",
    "cancellable",
    "open_cluster",
    "read_heads",
    "run_to_end",
    "spent_record",
]
