"""`${inputs.x}`, `${node.output.a[0]}`: what they say, and what they stand for.

A reference is a whole value; in the middle of a text it is text, which is noted.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, cast

from ferrata.flows.failures import FlowError
from ferrata.flows.types import Reference

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["EMBEDDED", "parse_reference", "property_of", "value_of"]

_INPUTS = ("inputs.", "flow.")
_PART = re.compile(r"(\w+)|(\['.*?'\])|(\[\d+\])")
EMBEDDED = re.compile(r"\$\{[^}]*\}")


def parse_reference(value: Any) -> Reference:
    """What a value in a file refers to; what is no reference is itself."""
    if not (isinstance(value, str) and len(value) > 2 and value.startswith("${") and value.endswith("}")):
        return Reference("value", value)
    inner = value[2:-1]
    for prefix in _INPUTS:
        if inner.startswith(prefix):
            return Reference("input", inner.removeprefix(prefix))
    node, _, rest = inner.partition(".")
    section, _, prop = rest.partition(".")
    return Reference("node", node, section or "output", prop)


def value_of(reference: Reference, inputs: Mapping[str, Any], outputs: Mapping[str, Any]) -> Any:
    """What a reference stands for.

    Args:
        reference: the reference.
        inputs: the flow's, by name.
        outputs: of the nodes that have ended, by name.

    Raises:
        FlowError: `InputNotFound`, `UnsupportedReference`, `InputNotFoundFromAncestorNodeOutput`, `InvalidReferenceProperty`.
    """
    if reference.kind == "value":
        return reference.value
    if reference.kind == "input":
        if reference.value not in inputs:
            raise FlowError(
                "InputNotFound",
                f"the flow got no input {reference.value!r}",
                hint=f"it has {_listed(inputs)}; give the input, or a default in the flow's file",
            )
        return inputs[reference.value]
    if reference.section != "output":
        raise FlowError(
            "UnsupportedReference",
            f"the reference {str(reference)!r} names the section {reference.section!r}; a node has only its output",
            hint=f"write ${{{reference.value}.output}}",
        )
    if reference.value not in outputs:
        raise FlowError(
            "InputNotFoundFromAncestorNodeOutput", f"there is no output of the node {reference.value!r} yet"
        )
    return property_of(reference.value, outputs[reference.value], reference.property)


def property_of(node: str, value: Any, path: str) -> Any:
    """A part of a node's output: keys of mappings, attributes of objects, places of lists.

    Raises:
        FlowError: `InvalidReferenceProperty`: it has no such part.
    """
    found: Any = value
    for name, key, place in _PART.findall(path) if path else ():
        try:
            if key:
                found = found[key[2:-2]]
            elif place:
                found = found[int(place[1:-1])]
            else:
                found = cast("Any", found)[name] if isinstance(found, dict) else getattr(found, name)
        except (KeyError, IndexError, AttributeError):
            raise FlowError(
                "InvalidReferenceProperty",
                f"the output of the node {node!r} has no {path!r}: {_kind(found)} has no {name or key or place}",
                hint=f"take all of it by ${{{node}.output}} to see what it is",
            ) from None
    return found


def _kind(value: Any) -> str:
    if isinstance(value, dict):
        return f"a mapping with {_listed(value)}"
    return f"a value of type {type(value).__name__}"


def _listed(names: Any) -> str:
    return ", ".join(repr(str(name)) for name in names) or "nothing"
