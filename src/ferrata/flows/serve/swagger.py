"""OpenAPI of a served flow, with Prompt Flow's extensions (`x-flow-name`, `x-chat-input`). Knows only what the flow's file says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ferrata.flows.data import shown

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from ferrata.flows.types import Flow

__all__ = ["input_schema", "swagger_of"]

_TYPES = {
    "int": "integer",
    "double": "number",
    "bool": "boolean",
    "string": "string",
    "list": "array",
    "object": "object",
    "image": "object",
}
_ERROR = {
    "type": "object",
    "properties": {
        "error": {
            "type": "object",
            "properties": {
                "code": {"type": "string"},
                "message": {"type": "string"},
                "request_id": {"type": "string"},
            },
        }
    },
}


def swagger_of(flow: Flow, returned: Collection[str], *, example: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The document of `/swagger.json`.

    Args:
        flow: inputs and outputs.
        returned: names of the outputs that are sent.
        example: of a request.
    """
    about: dict[str, Any] = {"title": f"{flow.name} API", "version": "1.0.0", "x-flow-name": flow.name}
    for name, spec in flow.inputs.items():
        if spec.is_chat_input:
            about |= {"x-chat-input": name, "x-flow-type": "chat"}
        if spec.is_chat_history:
            about["x-chat-history"] = name
    for name, output in flow.outputs.items():
        if output.is_chat_output:
            about["x-chat-output"] = name
    return {
        "openapi": "3.0.0",
        "info": about,
        "paths": {"/score": {"post": _score(flow, returned, example)}, "/feedback": _feedback()},
    }


def input_schema(flow: Flow) -> dict[str, Any]:
    """JSON schema of a flow's inputs, as one object."""
    inputs: dict[str, Any] = {"type": "object", "properties": {}}
    for name, spec in flow.inputs.items():
        inputs["properties"][name] = _schema(spec.type, spec.description)
        if spec.default is not None:
            inputs["properties"][name]["default"] = shown(spec.default)
        if spec.enum:
            inputs["properties"][name]["enum"] = shown(list(spec.enum))
    required = [name for name, spec in flow.inputs.items() if spec.default is None]
    if required:
        inputs["required"] = required
    return inputs


def _score(flow: Flow, returned: Collection[str], example: Mapping[str, Any] | None) -> dict[str, Any]:
    outputs = {name: _schema(spec.type, spec.description) for name, spec in flow.outputs.items() if name in returned}
    return {
        "summary": f"run the flow {flow.name} with given inputs",
        "requestBody": {
            "description": "the flow's inputs",
            "required": bool(flow.inputs),
            "content": {"application/json": {"schema": input_schema(flow), "example": shown(dict(example or {}))}},
        },
        "responses": {
            "200": {
                "description": "the flow's outputs",
                "content": {"application/json": {"schema": {"type": "object", "properties": outputs}}},
            },
            "400": _answer("wrong inputs, or the flow failed on them"),
            "default": _answer("the flow could not answer"),
        },
    }


def _schema(kind: str, description: str) -> dict[str, Any]:
    found: dict[str, Any] = {"type": _TYPES.get(kind, "string")}
    if description:
        found["description"] = description
    if found["type"] == "object":
        found["additionalProperties"] = {}
    if found["type"] == "array":
        found["items"] = {}
    return found


def _answer(description: str) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": _ERROR}}}


def _feedback() -> dict[str, Any]:
    anything: dict[str, Any] = {"type": "object", "additionalProperties": {}}
    return {
        "parameters": [
            {
                "name": "flatten",
                "in": "query",
                "description": "record each key of the feedback by itself",
                "required": False,
                "schema": {"type": "boolean"},
            }
        ],
        "post": {
            "summary": "say what an answer was worth",
            "requestBody": {"required": True, "content": {"application/json": {"schema": anything}}},
            "responses": {
                "200": {"description": "recorded", "content": {"application/json": {"schema": anything}}},
                "default": _answer("not recorded"),
            },
        },
    }
