"""Prompty v1 and Prompt Flow's dialect: `model.configuration`, `model.parameters`, inputs as a mapping, a sample."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

from ferrata.prompts.dialects.parts import chosen_tool, kind_of_value, output_of, sampled, tools_of
from ferrata.prompts.dialects.words import api_of, engine_of, kind_of, unknown_keys
from ferrata.prompts.types import REQUIRED, Input, ModelChoice, Output

if TYPE_CHECKING:
    from ferrata.prompts.references import References
    from ferrata.prompts.source import Source
    from ferrata.prompts.types import Note

__all__ = ["read_legacy"]

_KEYS: Final = (
    *("name", "description", "model", "inputs", "outputs", "sample", "template", "authors", "tags", "version", "base"),
    *("environment_variables", "display_name", "language", "additional_includes", "basePrompt", "type", "$schema"),
)
_INPUT_KEYS: Final = (
    *("type", "default", "description", "is_chat_history", "is_chat_input", "is_multi_select", "enum", "required"),
)
_METADATA: Final = ("authors", "tags", "version", "display_name", "environment_variables", "language")
# Parameters that say something else than how the text is made.
_APART: Final = ("tools", "functions", "tool_choice", "function_call", "response_format")


def read_legacy(source: Source, references: References) -> dict[str, Any]:
    """The fields of a `Prompt`; mistakes are noted in the source."""
    notes = unknown_keys(source, _KEYS)
    model = source.mapping("model")
    notes += unknown_keys(source, ("api", "configuration", "parameters", "response"), "model")
    parameters: dict[str, Any] = references.resolve(source.mapping("model", "parameters"), "model", "parameters")
    outputs = _outputs(source)
    at = ("model", "parameters")
    tools = tools_of(source, parameters.get("tools", parameters.get("functions")), *at, "tools")
    choice = parameters.get("tool_choice", parameters.get("function_call"))
    configuration = model.get("configuration")
    settings: dict[str, Any] = source.mapping("model", "configuration") if not isinstance(configuration, str) else {}
    if isinstance(configuration, str):
        read = references.resolve(configuration, "model", "configuration")
        settings = cast("dict[str, Any]", read) if isinstance(read, dict) else settings
    inputs = _inputs(source, references, notes)
    sample, inputs = sampled(source, references.sample("sample"), inputs=inputs)
    name = settings.get("azure_deployment") or settings.get("model") or settings.get("name") or ""
    return {
        "model": ModelChoice(
            name=_name(str(name)),
            provider=str(settings.get("type") or ""),
            api=api_of(source, "model", "api"),
            connection=settings if settings else (configuration or {}),
            parameters={key: value for key, value in parameters.items() if key not in _APART},
            response=source.text_at("model", "response") or "first",
        ),
        "inputs": inputs,
        "outputs": outputs,
        "sample": sample,
        "tools": tools,
        "tool_choice": chosen_tool(source, choice, tools, *at, "tool_choice"),
        "output": output_of(source, parameters.get("response_format"), outputs, *at, "response_format"),
        "engine": engine_of(source, _template(source), "template"),
        "metadata": {key: source.value(key) for key in _METADATA if source.value(key) is not None},
        "notes": notes,
    }


def _name(text: str) -> str:
    """A model's name; one that only the environment knows is shown as it stands, and none is made up."""
    return "" if text.startswith("<") else text


def _template(source: Source) -> str:
    value = source.value("template")
    if isinstance(value, dict):
        return source.text_at("template", "type") or source.text_at("template", "format")
    return source.text_at("template")


def _inputs(source: Source, references: References, notes: list[Note]) -> tuple[Input, ...]:
    found: list[Input] = []
    for name, value in source.mapping("inputs").items():
        at = ("inputs", name)
        line = source.line(*at)
        if not isinstance(value, dict):
            # Prompty v1 lets an input be its own sample.
            default = references.resolve(value, *at)
            given = REQUIRED if value is None else default
            found.append(Input(name, kind_of_value(default), given, line=line))
            continue
        about = source.mapping(*at)
        notes += unknown_keys(source, _INPUT_KEYS, *at)
        history = about.get("is_chat_history") is True
        default = references.resolve(about["default"], *at, "default") if "default" in about else REQUIRED
        found.append(
            Input(
                name,
                "thread" if history else kind_of(source, *at, "type"),
                default,
                optional=about.get("required") is False,
                description=source.text_at(*at, "description"),
                choices=tuple(about.get("enum") or ()),
                line=line,
            )
        )
    return tuple(found)


def _outputs(source: Source) -> tuple[Output, ...]:
    return tuple(
        Output(name, kind_of(source, "outputs", name, "type"), source.text_at("outputs", name, "description"))
        for name in source.mapping("outputs")
    )
