"""Makes `import promptflow` work where promptflow is not installed.

A finder offers `promptflow` and what lies below it from `ferrata.flows.promptflow`: the very same modules under two names, so that
a class is one class. Where the real package is installed, it is used, and this one keeps out.

Knows nothing of what the modules hold. Its classes have no base: `importlib.abc` takes longer to import than all of this.
"""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType

__all__ = ["install", "uninstall"]

_NAME = "promptflow"
_OURS = "ferrata.flows.promptflow"
_REAL = ("core/__init__.py", "tracing/__init__.py")  # files that the distributions of the real package have
# What user code may ask for and what to do instead; the longest name that fits says it.
_ELSEWHERE = {
    "promptflow.azure": (
        "promptflow-azure, the client of Azure's cloud",
        "run the flow here with the command `flow run`, or use the package azure-ai-ml for the cloud",
    ),
    "promptflow.evals": (
        "promptflow-evals, which was given up in 2025",
        "pip install azure-ai-evaluation, and import azure.ai.evaluation instead",
    ),
    "promptflow.rag": (
        "promptflow-rag, the builder of vector indexes",
        "build the index with your vector store's own package",
    ),
    "promptflow.parallel": (
        "promptflow-parallel, for jobs of Azure ML",
        "run over the data with the command `flow run`",
    ),
    "promptflow_vectordb": ("promptflow-vectordb, an own package", "pip install promptflow-vectordb"),
}


class _SameModule:
    """Loads a module under its second name: it is the one that the first name has."""

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        module = import_module(_OURS + spec.name.removeprefix(_NAME))
        spec.loader_state = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        # The import system has put the second name's spec on the module; its own tells where it comes from.
        spec = module.__spec__
        if spec is not None and isinstance(spec.loader_state, ModuleSpec):
            module.__spec__ = spec.loader_state


class _Finder:
    """Finds `promptflow` and its parts in Ferrata, unless the real one is there.

    It stands first. Its parts lie on a path, where the ordinary finder would find them too and load each a second time; and any
    folder named `promptflow` beside a flow would pass for a package. Whether the real one is there the others are asked.
    """

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname == _NAME:
            return None if self._is_real() else _spec(fullname)
        if not fullname.startswith(f"{_NAME}.") or not _is_ours(sys.modules.get(_NAME)):
            return None  # of the real package, a part that it lacks is not ours to give
        spec = _spec(fullname)
        if spec is None:
            raise ModuleNotFoundError(_missing(fullname), name=fullname)
        return spec

    def _is_real(self) -> bool:
        others = [finder for finder in sys.meta_path if finder is not self]
        spec = next((found for finder in others if (found := finder.find_spec(_NAME, None)) is not None), None)
        if spec is None:
            return False
        # The package promptflow-core alone has no `__init__.py`; neither has a folder that only has the name.
        places = [Path(place) for place in spec.submodule_search_locations or ()]
        return spec.origin is not None or any((place / part).is_file() for place in places for part in _REAL)


def _spec(name: str) -> ModuleSpec | None:
    found = find_spec(_OURS + name.removeprefix(_NAME))
    if found is None:
        return None
    spec = ModuleSpec(name, cast("Any", _SameModule()), origin=found.origin)
    spec.submodule_search_locations = found.submodule_search_locations
    return spec


def _is_ours(module: ModuleType | None) -> bool:
    return module is not None and module.__name__ == _OURS


def _missing(name: str) -> str:
    where = next((key for key in sorted(_ELSEWHERE, reverse=True) if name == key or name.startswith(f"{key}.")), None)
    if where is None:
        return f"No module named {name!r}: Ferrata stands in for promptflow, and has no such part; pip install promptflow for it"
    what, advice = _ELSEWHERE[where]
    return f"No module named {name!r}: it is part of {what}; {advice}"


def install() -> None:
    """Offer `promptflow` to every import from now on; once is enough, and more do nothing."""
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, cast("Any", _Finder()))


def uninstall() -> None:
    """Take the offer back, and forget the modules under their second names; for tests."""
    sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, _Finder)]
    if _is_ours(sys.modules.get(_NAME)):
        for name in [name for name in sys.modules if name.partition(".")[0] == _NAME]:
            del sys.modules[name]
