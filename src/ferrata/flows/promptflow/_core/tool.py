"""`@tool`, `ToolProvider` and what says how an input is to be entered.

The marks that the decorator leaves are those of Prompt Flow itself, so that a function decorated by either is recognised.
"""

from __future__ import annotations

import inspect
from abc import ABC
from dataclasses import dataclass, field
from enum import Enum
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar, Self

from ferrata.flows.contracts.exceptions import UserErrorException
from ferrata.flows.traced import traced

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = [
    "INPUTS_TO_ESCAPE_PARAM_KEY",
    "STREAMING_OPTION_PARAMETER_ATTR",
    "TOOL_TYPE_TO_ESCAPE",
    "DynamicList",
    "GeneratedBy",
    "InputSetting",
    "ToolInvoker",
    "ToolProvider",
    "ToolType",
    "tool",
]

INPUTS_TO_ESCAPE_PARAM_KEY = "_inputs_to_escape"
STREAMING_OPTION_PARAMETER_ATTR = "_streaming_option_parameter"
_OF_THE_WORKSPACE = {"subscription_id", "resource_group_name", "workspace_name"}
# How the types of a Python signature are called in a tool's definition.
_TYPES = {int: "int", float: "double", bool: "bool", str: "string", list: "list", dict: "object"}


class ToolType(str, Enum):  # noqa: UP042 - its text is `ToolType.X`, as Prompt Flow's
    """What a tool is."""

    LLM = "llm"
    PYTHON = "python"
    CSHARP = "csharp"
    PROMPT = "prompt"
    _ACTION = "action"
    CUSTOM_LLM = "custom_llm"


TOOL_TYPE_TO_ESCAPE = [ToolType.LLM, ToolType.CUSTOM_LLM, ToolType.PROMPT]


def tool(
    func: Callable[..., Any] | None = None,
    *,
    name: str | None = None,
    description: str | None = None,
    type: str | None = None,
    input_settings: Mapping[str, InputSetting] | None = None,
    streaming_option_parameter: str | None = None,
    **kwargs: Any,
) -> Any:
    """Mark a function, or a method of a `ToolProvider`, as a tool that a node can run. Its calls are traced.

    Args:
        func: the function, where the decorator stands without parentheses.
        name: of the tool.
        description: of the tool.
        type: `llm`, `python`, `prompt`, `custom_llm`, ...
        input_settings: input -> how it is entered in an editor.
        streaming_option_parameter: the parameter by which a server asks for a stream.
        kwargs: further facts about the tool.

    Raises:
        UserErrorException: there is no such type.
    """

    def decorate(func: Callable[..., Any]) -> Callable[..., Any]:
        if type is not None and type not in [kind.value for kind in ToolType]:
            raise UserErrorException(f"Tool type {type} is not supported yet.")
        decorated = traced(func)
        marks: dict[str, Any] = {
            "__tool": None,
            "__name": name,
            "__description": description,
            "__type": type,
            "__input_settings": input_settings,
            "__extra_info": kwargs,
        }
        if streaming_option_parameter:
            marks[STREAMING_OPTION_PARAMETER_ATTR] = streaming_option_parameter
        for mark, value in marks.items():
            setattr(decorated, mark, value)
        return decorated

    return decorate if func is None else decorate(func)


class ToolInvoker(ABC):  # noqa: B024 - abstract in Prompt Flow too
    """Whoever calls tools; kept for what was written against it."""

    _active_tool_invoker: ClassVar[ToolInvoker | None] = None

    def invoke_tool(self, f: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Call a tool."""
        return f(*args, **kwargs)

    @classmethod
    def activate(cls, tool_invoker: ToolInvoker) -> None:
        """Make it the one that is asked."""
        cls._active_tool_invoker = tool_invoker

    @classmethod
    def deactivate(cls) -> None:
        """Ask none."""
        cls._active_tool_invoker = None

    @classmethod
    def active_instance(cls) -> ToolInvoker | None:
        """The one that is asked."""
        return cls._active_tool_invoker


class ToolProvider(ABC):  # noqa: B024 - a base class without duties
    """The base of a class of tools: the parameters of its `__init__` are inputs of each of them."""

    _initialize_inputs: ClassVar[dict[str, inspect.Parameter] | None] = None
    _required_initialize_inputs: ClassVar[dict[str, inspect.Parameter] | None] = None
    _instance_init_params: dict[str, Any] | None = None

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        """An instance that knows the arguments of its `__init__`."""
        made = super().__new__(cls)
        made._instance_init_params = dict(zip(cls.get_initialize_inputs(), args, strict=False)) | kwargs
        return made

    def __init__(self) -> None:
        self._init_params = self._instance_init_params

    @classmethod
    def get_initialize_inputs(cls) -> dict[str, inspect.Parameter]:
        """The parameters of `__init__`."""
        if not cls._initialize_inputs:
            parameters = inspect.signature(cls.__init__).parameters
            cls._initialize_inputs = {name: value for name, value in parameters.items() if name != "self"}
        return cls._initialize_inputs

    @classmethod
    def get_required_initialize_inputs(cls) -> dict[str, inspect.Parameter]:
        """Those without a default."""
        if not cls._required_initialize_inputs:
            found = cls.get_initialize_inputs()
            empty = inspect.Parameter.empty
            cls._required_initialize_inputs = {name: value for name, value in found.items() if value.default is empty}
        return cls._required_initialize_inputs


@dataclass(init=False)
class DynamicList:
    """An input whose choices a function gives.

    Attributes:
        func_path: the function, as `module.name`.
        func_kwargs: its parameters, as a tool's definition writes them.
    """

    func_path: str = field(init=False)
    func_kwargs: list[dict[str, Any]] = field(init=False)

    def __init__(self, function: Callable[..., Any] | str, input_mapping: Mapping[str, str] | None = None) -> None:
        self._func_obj, self.func_path = _function(function)
        self._input_mapping = dict(input_mapping or {})
        self.func_kwargs = _parameters(
            self._func_obj, {name: self._input_mapping.get(name) for name in self._input_mapping}
        )


@dataclass(init=False)
class GeneratedBy:
    """An input that one function makes of other inputs, and another takes apart again."""

    func_path: str = field(init=False)
    func_kwargs: list[dict[str, Any]] = field(init=False)
    reverse_func_path: str = field(init=False)

    def __init__(
        self,
        function: Callable[..., Any] | str,
        reverse_function: Callable[..., Any] | str,
        input_settings: Mapping[str, InputSetting] | None = None,
    ) -> None:
        self._func_obj, self.func_path = _function(function)
        self._reverse_func_obj, self.reverse_func_path = _function(reverse_function)
        names = inspect.signature(self._func_obj).parameters
        self.func_kwargs = _parameters(self._func_obj, {name: name for name in names})
        self._input_settings = dict(input_settings or {})


class InputSetting:
    """How an input is entered in an editor.

    Attributes:
        is_multi_select: several values can be chosen.
        allow_manual_entry: a value can be typed.
        enabled_by: the input that decides whether this one is there.
        enabled_by_value: the values of it with which it is.
        dynamic_list: a function gives the choices.
        generated_by: a function gives the value.
    """

    def __init__(self, **kwargs: Any) -> None:
        self.is_multi_select: bool | None = kwargs.pop("is_multi_select", None)
        self.allow_manual_entry: bool | None = kwargs.pop("allow_manual_entry", None)
        self.enabled_by: str | None = kwargs.pop("enabled_by", None)
        self.enabled_by_value: list[Any] | None = kwargs.pop("enabled_by_value", None)
        self.dynamic_list: DynamicList | None = kwargs.pop("dynamic_list", None)
        self.generated_by: GeneratedBy | None = kwargs.pop("generated_by", None)
        self._kwargs = kwargs


def _function(given: Callable[..., Any] | str) -> tuple[Callable[..., Any], str]:
    """A function and its path, of either."""
    if not isinstance(given, str):
        if not callable(given):
            raise UserErrorException(f"Function must be a callable or its path, not {type(given).__name__}.")
        return given, f"{given.__module__}.{given.__name__}"
    module, _, name = given.rpartition(".")
    try:
        return getattr(import_module(module), name), given
    except (ImportError, AttributeError, ValueError) as error:
        raise UserErrorException(f"Failed to find the function {given!r}: {error}", error=error) from error


def _parameters(function: Callable[..., Any], references: Mapping[str, str | None]) -> list[dict[str, Any]]:
    """The parameters of a function as a tool's definition writes them."""
    found: list[dict[str, Any]] = []
    for name, parameter in inspect.signature(function).parameters.items():
        if name in _OF_THE_WORKSPACE or parameter.kind in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL):
            continue
        entry: dict[str, Any] = {"name": name, "type": [_type_name(parameter)]}
        if (reference := references.get(name)) is not None:
            entry["reference"] = f"${{inputs.{reference}}}"
        entry["optional"] = parameter.default is not parameter.empty
        if entry["optional"]:
            entry["default"] = parameter.default
        found.append(entry)
    return found


def _type_name(parameter: inspect.Parameter) -> str:
    annotation = parameter.annotation
    known = {kind.__name__: name for kind, name in _TYPES.items()}
    return _TYPES.get(annotation) or known.get(str(annotation), "string" if annotation is parameter.empty else "object")
