"""A `prompt` node: a template of the flow's, rendered to a text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ferrata.errors import FerrataError
from ferrata.flows.failures import FlowError
from ferrata.flows.nodes.base import Step, source_path
from ferrata.flows.types import Reference

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from ferrata.flows.nodes.base import Around
    from ferrata.flows.types import Node

__all__ = ["ESCAPED", "inputs_of_template", "prompt_step", "read_template"]

# Names the inputs in which what reads like a role is text; the name is Prompt Flow's.
ESCAPED = "_inputs_to_escape"
_RESERVED = frozenset(("template",))


def prompt_step(node: Node, around: Around) -> Step:
    """The step of a template.

    Raises:
        FlowError: `InvalidSource`, `NodeInputValidationError`, `JinjaParsingError`.
    """
    path = source_path(node, around)
    template = read_template(path)
    inputs = inputs_of_template(node, template, _RESERVED, around)

    def call(**values: Any) -> str:
        from ferrata.flows.chat_prompts import render_prompt_node

        return render_prompt_node(template, values, escape=values.pop(ESCAPED, ()))

    return Step(node, call, inputs, hidden=frozenset((ESCAPED,)))


def read_template(path: Path) -> str:
    """A template's text.

    Raises:
        FlowError: `InvalidSource`.
    """
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        problem = f"the template {path.name!r} cannot be read: {error}"
        raise FlowError("InvalidSource", problem, where=("source", "path")) from None


def inputs_of_template(node: Node, template: str, reserved: Iterable[str], around: Around) -> dict[str, Reference]:
    """A node's inputs, images loaded, with the names of those that come from the flow's inputs.

    Raises:
        FlowError: `NodeInputValidationError`: an input of the template has a name that the tool itself uses.
    """
    names = template_names(template)
    taken = sorted(set(names) & set(reserved))
    if taken:
        raise FlowError(
            "NodeInputValidationError",
            f"the template of the node {node.name!r} uses the names {', '.join(map(repr, taken))}, which the tool itself "
            "takes",
            hint="rename them in the template and in the node's inputs",
        )
    inputs = dict(node.inputs)
    for name, is_image in names.items():
        if is_image and name in inputs and inputs[name].kind == "value":
            inputs[name] = Reference("value", _image(name, inputs[name].value, around))
    escaped = [name for name, reference in inputs.items() if reference.kind == "input"]
    if escaped:
        inputs[ESCAPED] = Reference("value", escaped)
    return inputs


def template_names(template: str) -> dict[str, bool]:
    """The variables that a template names, and whether each is an image.

    Raises:
        FlowError: `JinjaParsingError`.
    """
    import re

    if "{" not in template:
        return {}
    from jinja2 import Environment, TemplateError, meta

    try:
        tree = Environment(autoescape=False).parse(template)  # noqa: S701 - only parsed
    except (TemplateError, RecursionError) as error:
        line = getattr(error, "lineno", None)
        at = f" at line {line}" if line else ""
        raise FlowError("JinjaParsingError", f"the template is no Jinja{at}: {error}") from None
    pictures = set(re.findall(r"!\[\s*image\s*\]\(\{\{\s*(\w+)\s*\}\}\)", template))
    return {name: name in pictures for name in sorted(meta.find_undeclared_variables(tree))}


def _image(name: str, value: Any, around: Around) -> Any:
    from ferrata.flows.images import create_image

    try:
        return create_image(value, around.folder)
    except FerrataError as error:
        problem = f"the image in the input {name!r}: {error.message}"
        raise FlowError("NodeInputValidationError", problem, where=("inputs", name)) from error
