"""`flow.flex.yaml`: a function or a class is the flow. Reads what the file says; the signature says the rest.

Knows no user code.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from ferrata.flows.failures import FlowError
from ferrata.flows.formats.notices import Notes
from ferrata.flows.formats.yaml12 import load_yaml12
from ferrata.flows.types import Flow, InputSpec, OutputSpec

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["read_flex"]

_KEYS = frozenset(
    "$schema entry inputs outputs init sample code environment environment_variables additional_includes language "
    "description display_name tags name type message_format".split()
)


def read_flex(file: Path) -> Flow:
    """The flow in `file`.

    Raises:
        InvalidDocument: it is not YAML.
        FlowError: `InvalidFlexFlowEntry`, `FlowDefinitionError`.
    """
    found, text = load_yaml12(file)
    if not isinstance(found, dict):
        raise FlowError("FlowDefinitionError", "the file must be a mapping with an 'entry'", file=file)
    whole = cast("dict[str, Any]", found)
    notes = Notes(file, text)
    notes.unknown_keys(whole, _KEYS, ())
    notes.language(whole.get("language"), strict=True)
    notes.message_format(whole.get("message_format"))
    entry = str(whole.get("entry") or "")
    if entry.count(":") != 1 or not all(entry.split(":")):
        raise FlowError(
            "InvalidFlexFlowEntry",
            f"the entry is {entry!r}",
            hint="write `entry: module:function` or `module:Class`",
            file=file,
            where=("entry",),
        )
    folder = file.parent / str(whole["code"]) if isinstance(whole.get("code"), str) else file.parent
    includes = whole.get("additional_includes")
    sample = whole.get("sample")
    return Flow(
        kind="flex",
        folder=folder if folder.is_dir() else file.parent,
        file=file,
        name=str(whole.get("name") or file.resolve().parent.name),
        inputs=_specs(whole.get("inputs"), file, "inputs"),
        outputs={name: OutputSpec(spec.type) for name, spec in _specs(whole.get("outputs"), file, "outputs").items()},
        entry=entry,
        init=_specs(whole.get("init"), file, "init"),
        sample=cast("Mapping[str, Any]", sample) if isinstance(sample, dict) else {},
        environment=_mapping(whole.get("environment_variables"), file, "environment_variables"),
        includes=tuple(map(str, cast("list[Any]", includes))) if isinstance(includes, list) else (),
        message_format=str(whole.get("message_format") or "basic"),
        language=str(whole.get("language") or "python"),
        notices=tuple(notes.found),
        document=whole,
    )


def _specs(found: Any, file: Path, key: str) -> dict[str, InputSpec]:
    specs: dict[str, InputSpec] = {}
    for name, one in _mapping(found, file, key).items():
        spec = _mapping(one, file, key, name)
        default = spec.get("default")
        specs[str(name)] = InputSpec(
            str(spec.get("type") or "object"), None if default == "" else default, str(spec.get("description") or "")
        )
    return specs


def _mapping(found: Any, file: Path, *where: str) -> Mapping[str, Any]:
    if found is None:
        return {}
    if isinstance(found, dict):
        return cast("dict[str, Any]", found)
    problem = f"{'.'.join(where)} must be a mapping, not a {type(found).__name__}"
    raise FlowError("FlowDefinitionError", problem, file=file, where=where)
