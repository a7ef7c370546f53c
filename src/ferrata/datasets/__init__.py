"""Datasets: rows of files, whatever their format."""

from typing import TYPE_CHECKING

from ferrata.doors import door

if TYPE_CHECKING:
    from ferrata.datasets.rows import Row, count_rows, data_files, read_rows
else:
    __getattr__ = door(__name__, rows=["Row", "count_rows", "data_files", "read_rows"])

__all__ = ["Row", "count_rows", "data_files", "read_rows"]
