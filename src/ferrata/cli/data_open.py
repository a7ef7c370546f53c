"""Opens the dataset that a command names: a file, a folder, or a version of the registry; and options that commands share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ferrata.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ferrata.datasets import Dataset, SplitRule

__all__ = ["json_option", "open_data", "project_option", "rule_of"]

project_option = click.option(
    "--project", type=click.Path(path_type=Path), default=Path(), show_default=True, help="Folder of the project."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def open_data(project: Path, name: str) -> Dataset:
    """The dataset of a name.

    Raises:
        NotFound, UsageError, InvalidDocument: as `datasets.open_dataset`.
    """
    from ferrata.datasets import dataset_ref, open_dataset

    if dataset_ref(name) is None:
        return open_dataset(name)
    from ferrata.app import open_app

    with open_app(project) as app:
        return app.dataset(name)


def rule_of(words: Sequence[str], key: str) -> SplitRule | None:
    """How rows are split: a column, or shares as `train=0.8`; None where nothing is said.

    Raises:
        UsageError: they are no shares that sum to 1.
    """
    from ferrata.datasets import SplitRule

    if not words:
        if key:
            raise UsageError("a key without shares", hint="add --split train=0.8 --split test=0.2")
        return None
    if len(words) == 1 and "=" not in words[0]:
        return SplitRule(column=words[0])
    shares: dict[str, float] = {}
    for word in words:
        name, _, share = word.partition("=")
        try:
            shares[name] = float(share)
        except ValueError:
            shares[name] = 0.0
        if not name or not 0 < shares[name] <= 1:
            raise UsageError(f"not a share: {word!r}", hint="write a column, or --split train=0.8 --split test=0.2")
    if abs(sum(shares.values()) - 1) > 1e-6:
        raise UsageError(f"the shares sum to {sum(shares.values()):g}, not to 1", hint="change one of them")
    return SplitRule(shares=shares, key=key)
