"""A flow's own modules: each flow is a package of its own, so that two flows with same-named modules never see each other's.

Inside a flow `import prices` means the flow's `prices.py`, as if its folder were first on the path. The module is known to Python as
`_flow_1.prices`, and imports made from it, also later inside functions, are led to the same package. Everything else is imported
as always.
"""

from __future__ import annotations

import builtins
import importlib
import importlib.util
import itertools
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["CodeSpace"]

_PREFIX = "_flow_"
# What a script is called while it runs, and the name in it that leads to its flow; the first is Prompt Flow's.
_SCRIPT = "__pf_main__"
_LEAD = "__ferrata_flow__"
_numbers = itertools.count(1)
_spaces: dict[str, CodeSpace] = {}


class CodeSpace:
    """The modules of one flow.

    Args:
        folder: where they are.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self._package = f"{_PREFIX}{next(_numbers)}"
        self._path_before = set(sys.path)
        self._own: dict[str, bool] = {}
        package = ModuleType(self._package, "The modules of a flow.")
        package.__path__ = [str(self.folder)]
        package.__spec__ = ModuleSpec(self._package, None, is_package=True)
        package.__package__ = self._package
        self._module = package
        sys.modules[self._package] = package
        _spaces[self._package] = self
        _lead_imports()

    def load_file(self, path: Path) -> ModuleType:
        """A fresh module of a script: a script that two nodes use is loaded for each, as Prompt Flow does.

        Raises:
            Exception: whatever the script raises.
        """
        spec = importlib.util.spec_from_file_location(_SCRIPT, path.resolve())
        if spec is None or spec.loader is None:
            raise ImportError(f"{path.name!r} is no Python file")
        module = importlib.util.module_from_spec(spec)
        setattr(module, _LEAD, self._package)
        before = sys.modules.get(_SCRIPT)
        sys.modules[_SCRIPT] = module  # dataclasses look their module up
        try:
            spec.loader.exec_module(module)
        finally:
            if before is None:
                sys.modules.pop(_SCRIPT, None)
            else:
                sys.modules[_SCRIPT] = before
        return module

    def load_module(self, name: str) -> ModuleType:
        """A module by its dotted name, as code in the flow's folder would import it.

        Raises:
            Exception: whatever the module raises.
        """
        return importlib.import_module(f"{self._package}.{name}" if self.has(name) else name)

    def has(self, name: str) -> bool:
        """Whether a dotted name begins in this flow and not among installed modules."""
        top = name.partition(".")[0]
        known = self._own.get(top)
        if known is None or (not known and top not in sys.modules):
            known = self._own[top] = top not in sys.stdlib_module_names and self._find(top)
        return known

    def close(self) -> None:
        """Forget the modules."""
        _spaces.pop(self._package, None)
        for name in [name for name in sys.modules if name == self._package or name.startswith(f"{self._package}.")]:
            del sys.modules[name]

    def within(self, name: str) -> str:
        """The name by which Python knows a module of this flow."""
        return f"{self._package}.{name}"

    def _find(self, top: str) -> bool:
        # What the flow's own code has put on the path since is the flow's as well.
        added = [folder for folder in sys.path if folder not in self._path_before]
        for folder in [str(self.folder), *added]:
            base = Path(folder) / top
            if base.with_name(f"{top}.py").is_file() or (base / "__init__.py").is_file() or _holds_code(base):
                if folder not in self._module.__path__:
                    self._module.__path__.append(folder)
                return True
        return False


def _holds_code(folder: Path) -> bool:
    """Whether a folder without `__init__.py` may be a package: it has modules, or folders with modules."""
    return folder.is_dir() and any(folder.glob("*.py")) or any(folder.glob("*/*.py"))


def _space_of(module: Mapping[str, Any] | None) -> CodeSpace | None:
    name = module.get("__name__") if module else None
    if not module or not isinstance(name, str):
        return None
    if name.startswith(_PREFIX):
        return _spaces.get(name.partition(".")[0])
    return _spaces.get(module.get(_LEAD, "")) if name == _SCRIPT else None


_import = builtins.__import__
_import_module = importlib.import_module


def _lead_imports() -> None:
    """From the first flow on, imports look at who asks."""
    if builtins.__import__ is not _led_import:
        global _import, _import_module
        _import, _import_module = builtins.__import__, importlib.import_module
        builtins.__import__ = _led_import
        importlib.import_module = _led_import_module


def _led_import(
    name: str,
    globals: Mapping[str, Any] | None = None,
    locals: Mapping[str, Any] | None = None,
    fromlist: Sequence[str] | None = (),
    level: int = 0,
) -> ModuleType:
    space = _space_of(globals) if level == 0 else None
    if space is None or not space.has(name):
        return _import(name, globals, locals, fromlist or (), level)
    within = space.within(name)
    if fromlist:
        return _import(within, globals, locals, fromlist, 0)
    _import_module(within)
    return sys.modules[space.within(name.partition(".")[0])]


def _led_import_module(name: str, package: str | None = None) -> ModuleType:
    space = None if name.startswith(".") else _space_of(sys._getframe(1).f_globals)  # pyright: ignore[reportPrivateUsage]
    if space is not None and space.has(name):
        return _import_module(space.within(name))
    return _import_module(name, package)
