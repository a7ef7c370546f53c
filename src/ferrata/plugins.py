"""The one page of extension: what a plugin can add, and how plugins are found.

A plugin is a module (or object) with any of the functions below, marked with `hookimpl` and named by an
entry point in the group `ferrata`. Ferrata's own parts come in by the same door.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from ferrata.evals import Evaluator
    from ferrata.gateway import Guard
    from ferrata.maturity import ReportWriter

__all__ = ["Hooks", "hookimpl", "plugin_manager"]

hookspec = pluggy.HookspecMarker("ferrata")
hookimpl = pluggy.HookimplMarker("ferrata")


class Hooks:
    """The hooks, one function each."""

    @hookspec
    def rule_packs(self) -> Iterable[Path]:  # pyright: ignore[reportReturnType]
        """Folders with scanner rules (`*.yaml`)."""

    @hookspec
    def vendor_packs(self) -> Iterable[Path]:  # pyright: ignore[reportReturnType]
        """Folders with vendors of models (`NAME.yaml`, a file each)."""

    @hookspec
    def report_formats(self) -> Mapping[str, ReportWriter]:  # pyright: ignore[reportReturnType]
        """Report writers by the name that `ferrata assess --format` takes."""

    @hookspec
    def evaluators(self) -> Mapping[str, Callable[..., Evaluator]]:  # pyright: ignore[reportReturnType]
        """Makers of evaluators by name; a maker takes the settings of the evaluator as keywords."""

    @hookspec
    def guards(self) -> Mapping[str, Guard]:  # pyright: ignore[reportReturnType]
        """Guards by the name that an endpoint's `guard.use` takes."""


@cache
def plugin_manager() -> pluggy.PluginManager:
    """The manager with every installed plugin registered; made once a process."""
    manager = pluggy.PluginManager("ferrata")
    manager.add_hookspecs(Hooks)
    manager.load_setuptools_entrypoints("ferrata")
    return manager
