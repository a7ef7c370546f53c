"""Taking over what promptflow has kept: the folders of its runs."""

from typing import TYPE_CHECKING

from ferrata.doors import door

if TYPE_CHECKING:
    from ferrata.flows.importing.runs import import_run, old_runs
else:
    __getattr__ = door(__name__, runs=["import_run", "old_runs"])

__all__ = ["import_run", "old_runs"]
