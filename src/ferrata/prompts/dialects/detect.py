"""Which dialect a front matter is written in, and what tells it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ferrata.prompts.types import Dialect

__all__ = ["detect_dialect"]

_V2_KEYS = ("inputSchema", "outputSchema", "displayName", "tools", "metadata")
_V2_MODEL = ("id", "apiType", "options", "provider", "connection")
_PF_KEYS = ("environment_variables", "display_name", "language", "additional_includes")
_V1_KEYS = ("authors", "tags", "version", "base")


def detect_dialect(header: Mapping[str, Any]) -> tuple[Dialect, str]:
    """The dialect and the reason in a few words."""
    newer = _v2(header)
    if newer:
        return "prompty-v2", newer
    flow = _promptflow(header)
    if flow:
        return "promptflow", flow
    older = _v1(header)
    if older:
        return "prompty-v1", older
    if not header:
        return "prompty-v2", "no front matter"
    return "prompty-v2", "nothing of an older dialect"


def _v2(header: Mapping[str, Any]) -> str:
    model = header.get("model")
    if isinstance(model, str):
        return "`model` is a name"
    if isinstance(model, dict):
        if "configuration" in model or "parameters" in model or "api" in model:
            return ""
        for key in _V2_MODEL:
            if key in model:
                return f"`model.{key}`"
    if isinstance(header.get("inputs"), list):
        return "`inputs` is a list"
    for key in _V2_KEYS:
        if key in header and "sample" not in header:
            return f"`{key}`"
    return "`template` is a mapping" if isinstance(header.get("template"), dict) else ""


def _promptflow(header: Mapping[str, Any]) -> str:
    for key in _PF_KEYS:
        if key in header:
            return f"`{key}`"
    model = _mapping(header.get("model"))
    configuration = _mapping(model.get("configuration"))
    if "connection" in configuration:
        return "`model.configuration.connection`"
    if configuration.get("type") == "azure_open_ai":
        return "`model.configuration.type: azure_open_ai`"
    for name, value in _mapping(header.get("inputs")).items():
        for key in ("is_chat_history", "is_chat_input"):
            if key in _mapping(value):
                return f"`inputs.{name}.{key}`"
    if isinstance(header.get("template"), str) or any(key in header for key in _V1_KEYS):
        return ""
    if "response" in model:
        return "`model.response`"
    typed = [name for name, value in _mapping(header.get("inputs")).items() if "type" in _mapping(value)]
    return f"`inputs.{typed[0]}.type`" if typed else ""


def _v1(header: Mapping[str, Any]) -> str:
    model = _mapping(header.get("model"))
    for key in _V1_KEYS:
        if key in header:
            return f"`{key}`"
    if isinstance(header.get("template"), str):
        return "`template` is a name"
    for key in ("configuration", "parameters", "api"):
        if key in model:
            return f"`model.{key}`"
    return "`sample`" if "sample" in header else ""


def _mapping(value: object) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}
