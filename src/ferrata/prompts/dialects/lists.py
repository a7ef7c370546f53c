"""JSON schemas as Prompty v2's lists of properties."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["properties_of"]

_KNOWN = frozenset(
    ("type", "description", "enum", "properties", "required", "items", "default", "additionalProperties")
)


def properties_of(schema: Mapping[str, object], lost: list[str], what: str) -> list[dict[str, Any]]:
    """The properties of an object's JSON schema; what a list of properties cannot say goes to `lost`."""
    properties = schema.get("properties")
    required = cast("list[str]", schema.get("required") or [])
    found: list[dict[str, Any]] = []
    for name, about in cast("dict[str, Any]", properties if isinstance(properties, dict) else {}).items():
        found.append(
            {
                "name": name,
                **_property(cast("dict[str, Any]", about), lost, f"{what}, {name!r}"),
                "required": name in required,
            }
        )
    return found


def _property(about: dict[str, Any], lost: list[str], what: str) -> dict[str, Any]:
    kind = about.get("type", "string")
    found: dict[str, Any] = {"kind": {"number": "float"}.get(str(kind), str(kind))}
    if about.get("description"):
        found["description"] = about["description"]
    if isinstance(about.get("enum"), list):
        found["enumValues"] = about["enum"]
    if "default" in about:
        found["default"] = about["default"]
    if isinstance(about.get("items"), dict):
        found["items"] = _property(cast("dict[str, Any]", about["items"]), lost, f"the items of {what}")
    if isinstance(about.get("properties"), dict):
        found["properties"] = properties_of(about, lost, what)
    lost += [f"{what}: `{key}`" for key in about if key not in _KNOWN]
    return found
