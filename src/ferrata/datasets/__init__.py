"""Datasets: rows of files, whatever their format; versions, checks, and how they are made."""

from typing import TYPE_CHECKING

from ferrata.doors import door

if TYPE_CHECKING:
    from ferrata.datasets.check import CHECKS, CheckedDataset, check_dataset
    from ferrata.datasets.checks import SEVERITIES, Finding, Severity
    from ferrata.datasets.dataset import Dataset, open_file
    from ferrata.datasets.description import Description, description_beside, read_description, write_description
    from ferrata.datasets.formats import FORMATS, Format, detect_format, read_any
    from ferrata.datasets.rows import Row, count_rows, data_files, read_rows
    from ferrata.datasets.types import Column, Example, Origin, Provenance, Source, SplitRule, Summary
    from ferrata.datasets.writing import write_rows
else:
    __getattr__ = door(
        __name__,
        check=["CHECKS", "CheckedDataset", "check_dataset"],
        checks=["SEVERITIES", "Finding", "Severity"],
        dataset=["Dataset", "open_file"],
        description=["Description", "description_beside", "read_description", "write_description"],
        formats=["FORMATS", "Format", "detect_format", "read_any"],
        rows=["Row", "count_rows", "data_files", "read_rows"],
        types=["Column", "Example", "Origin", "Provenance", "Source", "SplitRule", "Summary"],
        writing=["write_rows"],
    )

__all__ = [
    "CHECKS",
    "FORMATS",
    "SEVERITIES",
    "CheckedDataset",
    "Column",
    "Dataset",
    "Description",
    "Example",
    "Finding",
    "Format",
    "Origin",
    "Provenance",
    "Row",
    "Severity",
    "Source",
    "SplitRule",
    "Summary",
    "check_dataset",
    "count_rows",
    "data_files",
    "description_beside",
    "detect_format",
    "open_file",
    "read_any",
    "read_description",
    "read_rows",
    "write_description",
    "write_rows",
]
