"""What all dialects share: tools and answers in the form that OpenAI's API takes, samples, defaults."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from ferrata.messages import OutputSchema, Tool
from ferrata.prompts.dialects.words import JSON_TYPES
from ferrata.prompts.source import shown
from ferrata.prompts.types import Input, Output

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ferrata.prompts.source import Source
    from ferrata.prompts.types import Kind

__all__ = ["chosen_tool", "kind_of_value", "output_of", "sampled", "schema_of", "tools_of"]


def tools_of(source: Source, value: Any, *where: str | int) -> tuple[Tool, ...]:
    """Tools as OpenAI's API has them: `{type: function, function: {name, ...}}`, or the older `functions`."""
    if value is None:
        return ()
    if not isinstance(value, list):
        source.wrong(where, f"must be a list of tools, not {shown(value)}")
        return ()
    found: list[Tool] = []
    for i, item in enumerate(cast("list[Any]", value)):
        function = cast("dict[str, Any]", item).get("function", item) if isinstance(item, dict) else None
        if not isinstance(function, dict) or not isinstance(cast("dict[str, Any]", function).get("name"), str):
            source.wrong((*where, i), f"must be a function with a name, not {shown(cast('object', item))}")
            continue
        about = cast("dict[str, Any]", function)
        parameters: Any = about.get("parameters") or {}
        if not isinstance(parameters, dict):
            source.wrong((*where, i), f"the parameters of {about['name']!r} must be a JSON schema")
            continue
        strict = about.get("strict")
        description = str(about.get("description") or "")
        schema = cast("dict[str, object]", parameters)
        found.append(Tool(about["name"], description, schema, strict if isinstance(strict, bool) else None))
    return tuple(found)


def chosen_tool(source: Source, value: Any, tools: Sequence[Tool], *where: str | int) -> str | None:
    """The choice of a tool: a word, or `{type: function, function: {name: ...}}`."""
    if value is None:
        return None
    if isinstance(value, dict):
        about = cast("dict[str, Any]", value)
        value = cast("dict[str, Any]", about.get("function") or about).get("name")
    words = ["auto", "none", "required", *(tool.name for tool in tools)]
    if value not in words:
        source.wrong(where, f"{shown(value)} is no choice of a tool; known are {', '.join(words)}")
        return None
    return cast("str", value)


def output_of(source: Source, value: Any, outputs: Sequence[Output], *where: str | int) -> OutputSchema | None:
    """The JSON that `response_format` asks for; `outputs` give its fields where it is any object."""
    if value is None or value in ("text", {"type": "text"}):
        return None
    about = cast("dict[str, Any]", value) if isinstance(value, dict) else {"type": value}
    kind = about.get("type")
    if kind == "json_object":
        return OutputSchema(schema_of(outputs)) if outputs else OutputSchema()
    if kind == "json_schema":
        inner = about.get("json_schema")
        schema = cast("dict[str, Any]", inner).get("schema") if isinstance(inner, dict) else None
        if not isinstance(schema, dict):
            source.wrong(where, "a json_schema needs `json_schema: {name: ..., schema: ...}`")
            return None
        named = cast("dict[str, Any]", inner)
        strict = named.get("strict", True) is not False
        return OutputSchema(cast("dict[str, object]", schema), str(named.get("name") or "answer"), strict)
    source.wrong(where, f"{shown(cast('object', value))} is no response format; write text, json_object or json_schema")
    return None


def schema_of(outputs: Sequence[Output]) -> dict[str, object]:
    """The JSON schema of an object with these fields."""
    properties: dict[str, object] = {}
    for one in outputs:
        field: dict[str, object] = dict(one.schema)
        if one.kind in JSON_TYPES:
            field = {"type": JSON_TYPES[one.kind], **field}
        if one.description:
            field["description"] = one.description
        properties[one.name] = field
    required = [one.name for one in outputs if one.required]
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def sampled(source: Source, value: Any, *, inputs: Sequence[Input]) -> tuple[dict[str, object], tuple[Input, ...]]:
    """The sample's values, and the inputs with those that only the sample shows."""
    if value is None:
        return {}, tuple(inputs)
    if not isinstance(value, dict):
        source.wrong(("sample",), f"must be a mapping, or the name of a JSON file, not {shown(value)}")
        return {}, tuple(inputs)
    found = {str(key): item for key, item in cast("dict[Any, object]", value).items()}
    known = {one.name for one in inputs}
    more = [
        Input(name, kind_of_value(item), declared=False, line=source.line("sample", name))
        for name, item in found.items()
        if name not in known
    ]
    return found, (*inputs, *more)


def kind_of_value(value: object) -> Kind:
    """The kind of a value where none is declared."""
    if isinstance(value, bool):
        return "boolean"
    kinds: Mapping[type, Kind] = {str: "string", int: "integer", float: "number", list: "array", dict: "object"}
    return kinds.get(type(value), "any")
