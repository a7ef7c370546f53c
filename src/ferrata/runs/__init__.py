"""Runs over rows: a folder each, a record a row, to be resumed at any moment. Knows nothing of what is run."""

from ferrata.runs.fail_on import FailOn
from ferrata.runs.folder import RunFolder
from ferrata.runs.index import Head, LineIndex, Record, read_heads, spent_record
from ferrata.runs.status import Status

__all__ = ["FailOn", "Head", "LineIndex", "Record", "RunFolder", "Status", "read_heads", "spent_record"]
