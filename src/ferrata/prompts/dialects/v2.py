"""Prompty v2: `model.options`, inputs and outputs as lists of properties, tools at the top."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

from ferrata.messages import OutputSchema, Tool
from ferrata.prompts.dialects.parts import chosen_tool, kind_of_value, sampled, schema_of
from ferrata.prompts.dialects.words import JSON_TYPES, OPTIONS, api_of, engine_of, kind_of, unknown_keys
from ferrata.prompts.source import shown
from ferrata.prompts.types import REQUIRED, Input, ModelChoice, Note, Output

if TYPE_CHECKING:
    from ferrata.prompts.references import References
    from ferrata.prompts.source import Source
    from ferrata.prompts.types import Engine

__all__ = ["read_v2"]

_KEYS: Final = (
    *("name", "displayName", "description", "metadata", "model", "inputs", "outputs", "inputSchema", "outputSchema"),
    *("tools", "template", "sample", "kind", "$schema"),
)
_MODEL_KEYS: Final = ("id", "provider", "apiType", "connection", "options")
_PROPERTY_KEYS: Final = (
    *("name", "kind", "type", "default", "required", "description", "enumValues", "example", "items", "properties"),
    "sample",
)


def read_v2(source: Source, references: References) -> dict[str, Any]:
    """The fields of a `Prompt`; mistakes are noted in the source."""
    notes = unknown_keys(source, _KEYS)
    outputs = tuple(
        Output(
            name,
            kind_of(source, *at, "kind") if about.get("kind") else "string",
            source.text_at(*at, "description"),
            about.get("required") is not False,
            _nested(about),
        )
        for name, about, at in _properties(source, references, "outputs", "outputSchema")
    )
    tools, more = _tools(source, references)
    inputs = _inputs(source, references, notes)
    sample, inputs = sampled(source, references.sample("sample"), inputs=inputs)
    # Prompty v2 has no sample; each input has its own example.
    sample = {one.name: one.example for one in inputs if one.example is not REQUIRED} | sample
    return {
        "model": _model(source, references, notes),
        "inputs": inputs,
        "outputs": outputs,
        "sample": sample,
        "tools": tools,
        "tool_choice": chosen_tool(source, _extra(source).get("tool_choice"), tools, "model", "options"),
        "output": OutputSchema(schema_of(outputs)) if outputs else None,
        "engine": _engine(source),
        "metadata": source.mapping("metadata"),
        "notes": [*notes, *more],
    }


def _extra(source: Source) -> dict[str, Any]:
    if not isinstance(source.value("model"), dict):
        return {}
    return source.mapping("model", "options", "additionalProperties")


def _model(source: Source, references: References, notes: list[Note]) -> ModelChoice:
    if not isinstance(source.value("model"), dict):
        return ModelChoice(name=references.name("model"))
    notes += unknown_keys(source, _MODEL_KEYS, "model")
    options: dict[str, Any] = references.resolve(source.mapping("model", "options"), "model", "options")
    parameters: dict[str, Any] = {}
    for key, value in options.items():
        if key in OPTIONS:
            parameters[OPTIONS[key]] = value
        elif key != "additionalProperties":
            parameters[key] = value
            if key not in OPTIONS.values():
                at = ("model", "options", key)
                notes.append(Note(source.line(*at), ".".join(at), f"{key!r} goes to the model as it is"))
    extra = {key: value for key, value in _extra(source).items() if key != "tool_choice"}
    connection = source.value("model", "connection")
    return ModelChoice(
        name=references.name("model", "id"),
        provider=source.text_at("model", "provider"),
        api=api_of(source, "model", "apiType"),
        connection=connection if isinstance(connection, str) else source.mapping("model", "connection"),
        parameters={**parameters, **extra},
    )


def _engine(source: Source) -> Engine:
    template = source.value("template")
    at: tuple[str, ...] = ("template",)
    if isinstance(template, dict):
        at = ("template", "format")
        if isinstance(source.value(*at), dict):
            at = ("template", "format", "kind")
        parser = source.value("template", "parser")
        kind = source.value("template", "parser", "kind") if isinstance(parser, dict) else parser
        if kind not in (None, "prompty"):
            source.wrong(("template", "parser"), f"{shown(kind)} is no parser; write prompty")
    return engine_of(source, source.text_at(*at), *at)


def _properties(
    source: Source, references: References, *keys: str
) -> list[tuple[str, dict[str, Any], tuple[str | int, ...]]]:
    """Name, description and place of each property: of a list, of a mapping, or of a schema with `properties`."""
    for key in keys:
        at: tuple[str | int, ...] = (key,)
        value = source.value(key)
        if isinstance(value, str):
            value = references.resolve(value, key)
            return _read_elsewhere(source, value, key)
        if isinstance(value, dict) and isinstance(cast("dict[str, Any]", value).get("properties"), list | dict):
            at = (key, "properties")
            value = cast("dict[str, Any]", value)["properties"]
        if value is not None:
            return _named(source, value, at)
    return []


def _named(
    source: Source, value: Any, at: tuple[str | int, ...]
) -> list[tuple[str, dict[str, Any], tuple[str | int, ...]]]:
    found: list[tuple[str, dict[str, Any], tuple[str | int, ...]]] = []
    if isinstance(value, dict):
        for name, item in cast("dict[Any, Any]", value).items():
            about = cast("dict[str, Any]", item) if isinstance(item, dict) else {"default": item}
            found.append((str(name), about, (*at, name)))
    elif isinstance(value, list):
        for i, item in enumerate(cast("list[Any]", value)):
            name = cast("dict[str, Any]", item).get("name") if isinstance(item, dict) else None
            if not isinstance(name, str) or not name:
                source.wrong((*at, i), f"must be a property with a name, not {shown(cast('object', item))}")
                continue
            found.append((name, cast("dict[str, Any]", item), (*at, i)))
    else:
        source.wrong(at, f"must be a list of properties, not {shown(value)}")
    return found


def _read_elsewhere(source: Source, value: Any, key: str) -> list[tuple[str, dict[str, Any], tuple[str | int, ...]]]:
    """Properties of a file: places in it are places of the reference to it."""
    if isinstance(value, dict) and "properties" in value:
        value = cast("dict[str, Any]", value)["properties"]
    if value is None:
        return []
    return [(name, about, (key,)) for name, about, _ in _named(source, value, (key,))]


def _inputs(source: Source, references: References, notes: list[Note]) -> tuple[Input, ...]:
    found: list[Input] = []
    for name, about, at in _properties(source, references, "inputs", "inputSchema"):
        # Where properties lie in another file, their keys have no place in this one.
        here = isinstance(source.value(*at), dict) and len(at) > 1
        default = references.resolve(about["default"], *at) if "default" in about else REQUIRED
        if here:
            notes += unknown_keys(source, _PROPERTY_KEYS, *at)
        named = "kind" if "kind" in about else "type"
        kind = kind_of(source, *at, named) if here and named in about else _kind_elsewhere(about, default)
        if kind == "thread" and default == {}:
            default = []
        found.append(
            Input(
                name,
                kind,
                cast("object", default),
                optional=about.get("required") is False,
                description=str(about.get("description") or ""),
                choices=tuple(cast("list[object]", about.get("enumValues") or [])),
                example=about.get("example", REQUIRED),
                line=source.line(*at),
            )
        )
    return tuple(found)


def _kind_elsewhere(about: dict[str, Any], default: object) -> Any:
    from ferrata.prompts.dialects.words import KINDS

    return KINDS.get(str(about.get("kind") or about.get("type") or ""), kind_of_value(default))


def _nested(about: dict[str, Any]) -> dict[str, object]:
    """What else the JSON schema of a property says."""
    found: dict[str, object] = {}
    if isinstance(about.get("enumValues"), list):
        found["enum"] = about["enumValues"]
    if isinstance(about.get("items"), dict):
        found["items"] = _schema(cast("dict[str, Any]", about["items"]))
    properties = about.get("properties")
    if isinstance(properties, list):
        inner = {p["name"]: p for p in cast("list[dict[str, Any]]", properties) if "name" in p}
        found["properties"] = {name: _schema(p) for name, p in inner.items()}
        found["required"] = [name for name, p in inner.items() if p.get("required") is not False]
        found["additionalProperties"] = False
    return found


def _schema(about: dict[str, Any]) -> dict[str, object]:
    from ferrata.prompts.dialects.words import KINDS

    kind = KINDS.get(str(about.get("kind", "string")), "string")
    found: dict[str, object] = {"type": JSON_TYPES.get(kind, "string"), **_nested(about)}
    if about.get("description"):
        found["description"] = about["description"]
    return found


def _tools(source: Source, references: References) -> tuple[tuple[Tool, ...], list[Note]]:
    """The functions; what is no function is not sent to a model by this project, which a note says."""
    found: list[Tool] = []
    notes: list[Note] = []
    value = source.value("tools")
    if isinstance(value, str):
        value = references.resolve(value, "tools")
    if value is None:
        return (), []
    for name, about, at in _named(source, value, ("tools",)):
        kind = about.get("kind", "function")
        if kind != "function":
            notes.append(
                Note(source.line(*at), ".".join(map(str, at)), f"the {kind} tool {name!r} is not sent to the model")
            )
            continue
        found.append(_function(name, about))
    return tuple(found), notes


def _function(name: str, about: dict[str, Any]) -> Tool:
    parameters = about.get("parameters")
    schema: dict[str, object] = {}
    if isinstance(parameters, dict) and "properties" not in parameters:
        schema = cast("dict[str, object]", parameters)
    if isinstance(parameters, dict) and isinstance(cast("dict[str, Any]", parameters).get("properties"), list):
        parameters = cast("dict[str, Any]", parameters)["properties"]
    elif isinstance(parameters, dict):
        schema = cast("dict[str, object]", parameters)
    if isinstance(parameters, list):
        bound = cast("dict[str, Any]", about.get("bindings") or {})
        inner = {
            p["name"]: p for p in cast("list[dict[str, Any]]", parameters) if "name" in p and p["name"] not in bound
        }
        schema = {
            "type": "object",
            "properties": {key: _schema(p) for key, p in inner.items()},
            "required": [key for key, p in inner.items() if p.get("required") is True],
        }
    strict = about.get("strict")
    return Tool(name, str(about.get("description") or ""), schema, strict if isinstance(strict, bool) else None)
