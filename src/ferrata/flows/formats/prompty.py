"""A `.prompty` file as a flow: its inputs are the prompt's, its output is the model's answer."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ferrata.flows.failures import FlowError
from ferrata.flows.formats.dag import INPUT_TYPES
from ferrata.flows.types import Flow, InputSpec, OutputSpec

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["prompt_root", "read_prompty_flow"]

# Three dashes or more on two lines, with the part in YAML between them.
_PARTS = re.compile(r"-{3,}\r?\n.*-{3,}\r?\n", re.DOTALL)
# What the dialects of prompty call the types.
_TYPES = {"integer": "int", "number": "double", "boolean": "bool", "array": "list", "dict": "object"}


def prompt_root(path: Path) -> Path:
    """The folder that no reference leaves: the project's, or the one above the prompt's where no project is to be seen.

    Prompt Flow knows no such bound, and prompts refer to files beside their folder.
    """
    folders = path.absolute().parents
    marked = (folder for folder in folders if any((folder / mark).exists() for mark in (".git", "ferrata.yaml")))
    return next(marked, folders[min(1, len(folders) - 1)])


def read_prompty_flow(file: Path) -> Flow:
    """The flow that a prompt is.

    Raises:
        NotFound: there is no such file.
        InvalidDocument: the prompt is wrong; with file and line.
        FlowError: `UserErrorException`: nothing but a template, of which Prompt Flow makes no prompt.
    """
    from ferrata.prompts import REQUIRED, read_prompt
    from ferrata.yamls import read_text

    if not _PARTS.search(read_text(file)):
        raise FlowError(
            "UserErrorException",
            "Illegal formatting of prompty: there is no part in YAML above the template",
            hint="begin the file with `---`, the model and the inputs, and `---`",
            file=file,
        )
    prompt = read_prompt(file, root=prompt_root(file))
    inputs: dict[str, InputSpec] = {}
    for one in prompt.inputs:
        kind = _TYPES.get(str(one.kind), str(one.kind))
        default: Any = prompt.sample.get(one.name) if one.default is REQUIRED else one.default
        inputs[one.name] = InputSpec(kind if kind in INPUT_TYPES else "object", default, is_chat_history=one.is_history)
    return Flow(
        kind="prompty",
        folder=file.parent,
        file=file,
        name=prompt.name or file.stem,
        inputs=inputs,
        outputs={"output": OutputSpec("string")},
        sample={"inputs": dict(prompt.sample)},
    )
