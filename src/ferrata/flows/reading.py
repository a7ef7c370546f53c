"""From a path to what a flow's file says: finds the file and the reader of its format. Knows no user code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ferrata.errors import NotFound, UsageError
from ferrata.flows.check import check_graph
from ferrata.flows.python import named_in, read_python_flow

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ferrata.flows.types import Flow

__all__ = ["find_flow", "read_flow", "read_unchecked"]

_NAMES = ("flow.flex.yaml", "flow.flex.yml", "flow.dag.yaml", "flow.dag.yml")


def find_flow(path: Path) -> Path:
    """The file of the flow that a path means: the file itself, or the one flow in a folder.

    Raises:
        NotFound: there is none.
        UsageError: a folder holds several.
    """
    if path.is_file():
        return path
    if not path.is_dir():
        raise NotFound(f"no such flow: {str(path)!r}", hint="give the folder of a flow, or its file")
    found = [path / name for name in _NAMES if (path / name).is_file()]
    if not found:
        prompts = sorted(path.glob("*.prompty"))
        if len(prompts) == 1:
            return prompts[0]
        raise NotFound(f"no flow in {str(path)!r}", hint=f"it needs a {' or '.join((_NAMES[2], _NAMES[0]))}")
    if len(found) > 1:
        names = " and ".join(file.name for file in found)
        raise UsageError(f"{str(path)!r} holds both {names}", hint="give the file that you mean")
    return found[0]


def read_flow(path: Path, *, variants: Mapping[str, str] | None = None) -> Flow:
    """What a flow's file says, without touching its code.

    Args:
        path: the flow's folder or file.
        variants: node -> variant; the defaults for all others.

    Raises:
        NotFound, UsageError: as `find_flow`; there is no such variant.
        InvalidDocument: the file is not YAML.
        FlowError: it is no flow; under the name that Prompt Flow has for it.
    """
    flow = read_unchecked(path, variants)
    if flow.kind != "dag":
        return flow
    return check_graph(flow)


def read_unchecked(path: Path, variants: Mapping[str, str] | None = None) -> Flow:
    """The flow of a path; a graph is not checked yet. Raises as `read_flow`."""
    named = named_in(path)
    if named is not None:
        return read_python_flow(*named)
    file = find_flow(path)
    if file.suffix == ".prompty":
        from ferrata.flows.formats.prompty import read_prompty_flow

        return read_prompty_flow(file)
    from ferrata.flows.formats.yaml12 import load_yaml12

    document, _ = load_yaml12(file)
    if isinstance(document, dict) and "entry" in document:
        from ferrata.flows.formats.flex import read_flex

        flow = read_flex(file)
        if variants:
            raise UsageError(f"{file.name!r} is a flex flow, which has no variants")
        return flow
    from ferrata.flows.formats.dag import choose_variants, read_dag

    flow = read_dag(file)
    return choose_variants(flow, variants) if variants else flow
