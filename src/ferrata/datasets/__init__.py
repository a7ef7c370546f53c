"""Datasets: rows of files, whatever their format; versions, checks, and how they are made."""

from typing import TYPE_CHECKING

from ferrata.doors import door

if TYPE_CHECKING:
    from ferrata.datasets.build import BuildPlan, Built, FoundRows, build_dataset, save_built
    from ferrata.datasets.check import CHECKS, CheckedDataset, check_dataset
    from ferrata.datasets.checks import SEVERITIES, Finding, Severity
    from ferrata.datasets.compare import DatasetDifference, compare_datasets
    from ferrata.datasets.dataset import Dataset, open_file
    from ferrata.datasets.description import Description, description_beside, read_description, write_description
    from ferrata.datasets.formats import FORMATS, Format, detect_format, read_any
    from ferrata.datasets.likeness import Likeness, Near, likeness_of
    from ferrata.datasets.meaning import Meaning
    from ferrata.datasets.rows import Row, count_rows, data_files, read_rows
    from ferrata.datasets.synthetic import TASKS, WritePlan, Written, write_synthetic
    from ferrata.datasets.types import Column, Example, Origin, Provenance, Source, SplitRule, Summary
    from ferrata.datasets.versions import (
        RegisteredDataset,
        dataset_meaning,
        dataset_ref,
        open_dataset,
        register_dataset,
    )
    from ferrata.datasets.writing import write_rows
else:
    __getattr__ = door(
        __name__,
        build=["BuildPlan", "Built", "FoundRows", "build_dataset", "save_built"],
        check=["CHECKS", "CheckedDataset", "check_dataset"],
        checks=["SEVERITIES", "Finding", "Severity"],
        compare=["DatasetDifference", "compare_datasets"],
        dataset=["Dataset", "open_file"],
        description=["Description", "description_beside", "read_description", "write_description"],
        formats=["FORMATS", "Format", "detect_format", "read_any"],
        likeness=["Likeness", "Near", "likeness_of"],
        meaning=["Meaning"],
        rows=["Row", "count_rows", "data_files", "read_rows"],
        synthetic=["TASKS", "WritePlan", "Written", "write_synthetic"],
        types=["Column", "Example", "Origin", "Provenance", "Source", "SplitRule", "Summary"],
        versions=["RegisteredDataset", "dataset_meaning", "dataset_ref", "open_dataset", "register_dataset"],
        writing=["write_rows"],
    )

__all__ = [
    "CHECKS",
    "FORMATS",
    "SEVERITIES",
    "TASKS",
    "BuildPlan",
    "Built",
    "CheckedDataset",
    "Column",
    "Dataset",
    "DatasetDifference",
    "Description",
    "Example",
    "Finding",
    "Format",
    "FoundRows",
    "Likeness",
    "Meaning",
    "Near",
    "Origin",
    "Provenance",
    "RegisteredDataset",
    "Row",
    "Severity",
    "Source",
    "SplitRule",
    "Summary",
    "WritePlan",
    "Written",
    "build_dataset",
    "check_dataset",
    "compare_datasets",
    "count_rows",
    "data_files",
    "dataset_meaning",
    "dataset_ref",
    "description_beside",
    "detect_format",
    "likeness_of",
    "open_dataset",
    "open_file",
    "read_any",
    "read_description",
    "read_rows",
    "register_dataset",
    "save_built",
    "write_description",
    "write_rows",
    "write_synthetic",
]
