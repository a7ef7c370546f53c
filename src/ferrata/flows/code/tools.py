"""The tool in a script: the one function or method that is marked by `@tool`, its parameters and their types.

Recognises the marks of Prompt Flow's own decorator as well, which has the same names.
"""

from __future__ import annotations

import inspect
import types
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any, Union, cast, get_args, get_origin

from ferrata.flows.failures import FlowError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import ModuleType

__all__ = ["Tool", "as_tool", "connection_types", "find_tool", "parameters_of", "undecorated"]

_TYPES = {int: "int", float: "double", bool: "bool", str: "string", list: "list"}
# Classes of the compatibility package and of Prompt Flow's own, by name, so that neither needs to be imported.
_NAMED_TYPES = {
    "Secret": "secret",
    "PromptTemplate": "prompt_template",
    "FilePath": "file_path",
    "Image": "image",
    "AssistantDefinition": "assistant_definition",
}


@dataclass(frozen=True)
class Tool:
    """What a node calls.

    Attributes:
        call: the function or bound method.
        types: parameter -> type's name, or the names of the classes of connections that it takes.
        custom: parameter -> the user's own class of connection, which a custom connection is made into.
        defaults: the parameters that may be left out.
        template: the parameter that takes a prompt's template; None where there is none.
        any_input: it takes inputs of any name.
    """

    call: Callable[..., Any]
    types: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, "tuple[str, ...]"])
    custom: Mapping[str, type] = field(default_factory=dict[str, type])
    defaults: frozenset[str] = frozenset()
    template: str | None = None
    any_input: bool = False


def find_tool(module: ModuleType) -> tuple[Callable[..., Any], type | None]:
    """The tool that a module defines, and its class where it is a method.

    Raises:
        FlowError: `NoToolDefined`, `MultipleToolsDefined`.
    """
    found: list[tuple[Callable[..., Any], type | None]] = []
    for value in vars(module).values():
        if getattr(value, "__module__", None) != module.__name__:
            continue
        if _is_tool(value):
            found.append((value, None))
        elif isinstance(value, type) and hasattr(value, "get_initialize_inputs"):
            found += [(method, value) for _, method in inspect.getmembers(value, _is_tool)]
    unique = list({id(one): (one, owner) for one, owner in found}.values())
    if len(unique) == 1:
        return unique[0]
    if not unique:
        raise FlowError("NoToolDefined", "no function of it has the decorator @tool", hint="mark one with @tool")
    names = ", ".join(sorted(one.__name__ for one, _ in unique))
    raise FlowError("MultipleToolsDefined", f"several functions have the decorator @tool: {names}", hint="mark one")


def _is_tool(value: object) -> bool:
    return isinstance(value, types.FunctionType) and hasattr(value, "__tool")


def as_tool(call: Callable[..., Any], *, also: Mapping[str, inspect.Parameter] | None = None) -> Tool:
    """A function as a tool.

    Args:
        call: the function or method.
        also: parameters of its class's `__init__`.
    """
    parameters = {**(also or {}), **parameters_of(call)}
    kinds: dict[str, tuple[str, ...]] = {}
    custom: dict[str, type] = {}
    template: str | None = None
    any_input = False
    for name, parameter in parameters.items():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            any_input = any_input or parameter.kind is parameter.VAR_KEYWORD
            continue
        kinds[name], own = _types_of(parameter)
        if own is not None:
            custom[name] = own
        if kinds[name] == ("prompt_template",):
            template = name
    defaults = frozenset(name for name, one in parameters.items() if one.default is not one.empty)
    return Tool(call, kinds, custom, defaults, template, any_input)


def undecorated(call: Callable[..., Any]) -> Callable[..., Any]:
    """The function within `@tool` or `@trace`, whose span would double the one that is open around the call.

    A function with another decorator outside of these stays as it is.
    """
    if isinstance(call, types.MethodType):
        inner = undecorated(call.__func__)
        return call if inner is call.__func__ else types.MethodType(inner, call.__self__)
    original = getattr(call, "__original_function", None)
    return original if original is not None and getattr(call, "__wrapped__", None) is original else call


def parameters_of(call: Callable[..., Any]) -> Mapping[str, inspect.Parameter]:
    """The parameters of a function, annotations that are texts read where they can be; without `self`."""
    try:
        found = inspect.signature(call, eval_str=True)
    except (NameError, TypeError, SyntaxError, AttributeError):
        found = inspect.signature(call)
    return {name: parameter for name, parameter in found.parameters.items() if name != "self"}


def _types_of(parameter: inspect.Parameter) -> tuple[tuple[str, ...], type | None]:
    options: list[Any] = _options(parameter.annotation)
    if options == [parameter.empty] and parameter.default is not parameter.empty:
        options = [cast("Any", type(parameter.default))]
    connections = connection_types(options)
    if connections:
        own = [one for one in options if _is_custom(one)]
        return tuple(dict.fromkeys(connections)), own[0] if own else None
    if len(options) != 1:
        return ("object",), None
    kind: Any = options[0]
    if isinstance(kind, type) and issubclass(kind, Enum):
        return ("string",), None
    if isinstance(kind, type) and kind in _TYPES:
        return (_TYPES[kind],), None
    return (_NAMED_TYPES.get(getattr(kind, "__name__", ""), "object"),), None


def _options(annotation: Any) -> list[Any]:
    if get_origin(annotation) in (Union, types.UnionType):
        return [one for one in get_args(annotation) if one is not type(None)]
    return [annotation]


def connection_types(options: list[Any]) -> list[str]:
    """The names of the classes of connections, where all of the options are such; those of users count as custom ones."""
    names: list[str] = []
    for one in options:
        if not isinstance(one, type) or not any("Connection" in base.__name__ for base in one.__mro__):
            return []
        if not any(base.__name__ in ("Connection", "_Connection") for base in one.__mro__):
            return []
        names.append("CustomConnection" if _is_custom(one) else one.__name__)
    return names


def _is_custom(kind: Any) -> bool:
    return isinstance(kind, type) and "CustomStrongTypeConnection" in [base.__name__ for base in kind.__mro__[1:]]
