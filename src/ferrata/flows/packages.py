"""Tools of packages: what an id in a flow's file means.

    {"type": "python", "module": "...", "function": "...", "class_name": "...", "inputs": {"text": {"type": ["string"]}}}

They come from installed packages, by the entry points of the group `package_tools`, and from Ferrata's own definitions of
promptflow-tools. Knows how no tool is called.
"""

from __future__ import annotations

from difflib import get_close_matches
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from ferrata.flows.failures import FlowError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from importlib.metadata import EntryPoint

__all__ = ["package_tool", "package_tools"]

_GROUP = "package_tools"


def package_tools() -> Mapping[str, dict[str, Any]]:
    """Every tool that is there, by its id; also by the ids that it had before. A package that fails to load has none."""
    return _found()[0]


def package_tool(identity: str) -> dict[str, Any]:
    """The tool of an id.

    Raises:
        FlowError: `PackageToolNotFoundError`: there is none; says which packages did not load, and why.
    """
    tools, broken = _found()
    if identity in tools:
        return tools[identity]
    close = get_close_matches(identity, tools, n=1)
    failed = "; ".join(f"the package {name!r} does not load: {why}" for name, why in broken.items())
    hint = f"did you mean {close[0]!r}?" if close else "pip install the package that has it"
    raise FlowError(
        "PackageToolNotFoundError",
        f"Package tool '{identity}' is not found in the current environment" + (f" ({failed})" if failed else ""),
        hint=hint,
    )


@cache
def _found() -> tuple[dict[str, dict[str, Any]], dict[str, str]]:
    """The tools, and the packages that did not load with the reason."""
    tools = _with_older_ids(_own())
    broken: dict[str, str] = {}
    for point in entry_points(group=_GROUP):
        try:
            tools |= _with_older_ids(_listed(point))
        except Exception as error:  # noqa: BLE001 - a stranger's code; told when one of its tools is asked for
            broken[point.dist.name if point.dist else point.name] = f"{type(error).__name__}: {error}"
    return tools, broken


def _own() -> dict[str, dict[str, Any]]:
    import yaml

    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    text = (Path(__file__).parent / "packages.yaml").read_text(encoding="utf-8")
    return yaml.load(text, Loader=loader)  # noqa: S506 - a safe loader


def _listed(point: EntryPoint) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for identity, tool in cast("dict[str, dict[str, Any]]", point.load()()).items():
        found[identity] = dict(tool)
        if point.dist is not None:
            found[identity] |= {"package": point.dist.name, "package_version": point.dist.version}
    return found


def _with_older_ids(tools: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    older = {name: tool for tool in tools.values() for name in tool.get("deprecated_tools", [])}
    return {**older, **tools}
