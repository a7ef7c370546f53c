"""The folder that a container is built from: the flow, how it is started, and the names of the variables that it needs.

Builds no image and knows no registry.
"""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import dataclass
from importlib import resources
from string import Template
from typing import TYPE_CHECKING

import yaml

from ferrata import __version__
from ferrata.errors import UsageError
from ferrata.flows.containers.connections import connections_for, declared_in
from ferrata.flows.containers.layout import lay_out, requirements_of
from ferrata.flows.containers.naming import connections_named
from ferrata.flows.reading import read_flow

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ferrata.flows.containers.connections import Variable

__all__ = ["Built", "build_container"]

_PORT = 8080


@dataclass(frozen=True)
class Built:
    """What was written.

    Attributes:
        folder: where.
        files: paths in it of what stands beside the flow.
        variables: that the container needs.
        dropped: lines of the flow's requirements that are not installed.
    """

    folder: Path
    files: tuple[str, ...]
    variables: tuple[Variable, ...]
    dropped: tuple[str, ...]


def build_container(
    path: Path, output: Path, *, variants: Mapping[str, str] | None = None, connections: Path | None = None
) -> Built:
    """Write the folder of a container that serves a flow.

    Args:
        path: the flow's folder or file.
        output: a folder that is empty or not there.
        variants: node -> variant.
        connections: the file that declares the flow's connections; nothing secret of it is copied.

    Raises:
        NotFound, UsageError, InvalidDocument, FlowError: as `read_flow`; the folder holds something, or lies in the flow; a
            connection that nothing describes.
    """
    flow = read_flow(path, variants=variants)
    _check_output(flow.folder, output)
    declared = declared_in(connections) if connections is not None else {}
    found, variables = connections_for(connections_named(flow, declared), declared)
    inside = f"flow/{re.sub(r'[^A-Za-z0-9._-]', '_', flow.folder.resolve().name)}"  # the folder's name is the flow's
    output.mkdir(parents=True, exist_ok=True)
    try:
        lay_out(flow, output / inside, leave_out=[connections] if connections is not None else [])
    except BaseException:
        shutil.rmtree(output / "flow", ignore_errors=True)
        raise
    requirements, dropped = requirements_of(flow, output / inside)
    served = f"{inside}/{flow.file.name}" + (f":{flow.name}" if flow.kind == "python" else "")
    command = ["ferrata", "flow", "serve", served, "--host", "0.0.0.0", "--port", str(_PORT)]  # noqa: S104
    for node, variant in (variants or {}).items():
        command += ["--variant", f"{node}.{variant}"]
    texts = {"requirements.txt": "\n".join([f"ferrata=={__version__}", *requirements, ""])}
    if found:
        command += ["--connections", "connections.yaml"]
        texts["connections.yaml"] = yaml.safe_dump(found, sort_keys=False, allow_unicode=True)
    texts["settings.json"] = json.dumps({one.name: "" for one in variables}, indent=2) + "\n"
    texts["wheels/.keep"] = ""
    copied = "".join(f"COPY {name} {name}\n" for name in ("connections.yaml",) if name in texts)
    rows = "\n".join(f"| `{one.name}` | {one.purpose} |" for one in variables)
    filled = {
        "command": json.dumps(command),
        "copied": copied,
        "name": flow.name,
        "port": str(_PORT),
        "version": __version__,
        "variables": f"| variable | what it is |\n| --- | --- |\n{rows}" if rows else "It needs none.",
        "dropped": "".join(f"- `{line.strip()}`\n" for line in dropped) or "- none\n",
    }
    for name, template in (("Dockerfile", "Dockerfile"), (".dockerignore", "dockerignore"), ("README.md", "README.md")):
        texts[name] = _template(template).substitute(filled)
    for name, text in texts.items():
        (output / name).parent.mkdir(exist_ok=True)
        (output / name).write_text(text, encoding="utf-8")
    return Built(output, tuple(sorted(texts)), tuple(variables), tuple(dropped))


def _check_output(folder: Path, output: Path) -> None:
    if output.resolve().is_relative_to(folder.resolve()):
        raise UsageError(f"{str(output)!r} lies in the flow's own folder", hint="write to a folder outside of it")
    if output.exists() and (not output.is_dir() or any(output.iterdir())):
        raise UsageError(f"{str(output)!r} is there already, and not empty", hint="name another folder, or empty it")


def _template(name: str) -> Template:
    file = resources.files("ferrata.flows.containers").joinpath("templates", f"{name}.txt")
    return Template(file.read_text(encoding="utf-8"))
