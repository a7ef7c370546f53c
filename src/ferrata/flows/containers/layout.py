"""A flow's files in one folder: its own, and what `additional_includes` names beside them, which its file then names no more."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, cast

import yaml

from ferrata.flows.failures import FlowError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ferrata.flows.types import Flow

__all__ = ["lay_out", "requirements_of"]

# Not part of a flow, or not for others' eyes.
_LEFT_OUT = (
    ".git",
    ".venv",
    "__pycache__",
    ".ferrata",
    ".promptflow",
    ".runs",
    ".env",
    ".env.*",
    "connections.yaml",
    "connections.json",
)
_OWN = re.compile(r"promptflow(?:[-_.]\w+)*\s*(?:\[[^\]]*\])?\s*(?:[<>=!~;@#].*)?$", re.IGNORECASE)


def lay_out(flow: Flow, target: Path, *, leave_out: Iterable[Path] = ()) -> None:
    """Copy the flow to `target`.

    Args:
        flow: what to copy.
        target: a folder that is not there yet.
        leave_out: files that stay where they are, as the file of connections.

    Raises:
        FlowError: `UserErrorException`: `additional_includes` names what there is not.
    """
    source = flow.folder.resolve()
    kept_back = {path.resolve() for path in leave_out}

    def ignored(folder: str, names: list[str]) -> set[str]:
        found = shutil.ignore_patterns(*_LEFT_OUT)(folder, names)
        return found | {name for name in names if (Path(folder) / name).resolve() in kept_back}

    shutil.copytree(source, target, ignore=ignored)
    for include in flow.includes:
        found = (source / include).resolve()
        if found.is_dir():
            shutil.copytree(found, target / found.name, dirs_exist_ok=True, ignore=ignored)
        elif found.is_file():
            shutil.copy2(found, target / found.name)
        elif found.suffix == ".zip" and found.with_suffix("").is_dir():
            shutil.make_archive(str(target / found.stem), "zip", found.with_suffix(""))
        else:
            raise FlowError(
                "UserErrorException", f"{flow.file}: additional_includes names {include!r}, which there is not"
            )
    if flow.includes:
        file = target / flow.file.name
        file.write_text(_without(file.read_text(encoding="utf-8"), "additional_includes"), encoding="utf-8")


def requirements_of(flow: Flow, folder: Path) -> tuple[list[str], list[str]]:
    """The lines of the flow's requirements, and those that name promptflow, whose part Ferrata takes.

    Args:
        flow: its `environment` may name the file; else it is requirements.txt.
        folder: where the flow is laid out.
    """
    environment = flow.document.get("environment")
    named = (
        cast("dict[str, object]", environment).get("python_requirements_txt") if isinstance(environment, dict) else None
    )
    file = folder / str(named or "requirements.txt")
    if not file.is_file():
        return [], []
    lines = file.read_text(encoding="utf-8-sig").splitlines()
    own = [line for line in lines if _OWN.match(line.strip())]
    return [line for line in lines if line not in own], own


def _without(text: str, key: str) -> str:
    """A YAML document without a key at its top; all other lines as they were, where it has lines."""
    node = yaml.compose(text, Loader=yaml.SafeLoader)
    if not isinstance(node, yaml.MappingNode):
        return text
    pairs = cast("list[tuple[yaml.Node, yaml.Node]]", node.value)
    if node.flow_style:
        document = cast("dict[str, object]", yaml.safe_load(text))
        document.pop(key, None)
        return yaml.safe_dump(document, sort_keys=False, allow_unicode=True)
    starts = [name.start_mark.line for name, _ in pairs]
    lines = text.splitlines(keepends=True)
    for i, (name, _) in enumerate(pairs):
        if name.value == key:
            last = starts[i + 1] if i + 1 < len(starts) else len(lines)
            del lines[starts[i] : last]
    return "".join(lines)
