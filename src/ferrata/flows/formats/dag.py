"""`flow.dag.yaml`: a graph of nodes, with variants. Reads what Prompt Flow reads, and notes what Prompt Flow passes over in silence.

Knows no user code; `check` looks at the graph as a whole.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from ferrata.errors import UsageError
from ferrata.flows.failures import FlowError
from ferrata.flows.formats.notices import Notes
from ferrata.flows.formats.references import parse_reference
from ferrata.flows.formats.yaml12 import load_yaml12
from ferrata.flows.types import Activate, Flow, InputSpec, Node, OutputSpec, Reference, Source, Variant

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

__all__ = ["INPUT_TYPES", "choose_variants", "input_specs", "read_dag"]

INPUT_TYPES = (
    "int",
    "double",
    "bool",
    "string",
    "secret",
    "prompt_template",
    "list",
    "object",
    "file_path",
    "image",
    "assistant_definition",
)
_NODE_TYPES = ("llm", "python", "csharp", "typescript", "_action", "prompt", "custom_llm")
_FLOW_KEYS = frozenset(
    "$schema id name version type language description display_name tags inputs outputs nodes node_variants tools "
    "additional_includes environment environment_variables message_format".split()
)
_NODE_KEYS = frozenset(
    "name type source inputs connection provider api module activate aggregation reduce use_variants enable_cache comment "
    "tool".split()
)
_INPUT_KEYS = frozenset("type default description enum is_chat_input is_chat_history".split())
_OUTPUT_KEYS = frozenset("type reference description is_chat_output evaluation_only".split())


def read_dag(file: Path, *, document: Mapping[str, Any] | None = None) -> Flow:
    """The flow in `file`, with the default variants in place.

    Args:
        file: the YAML file.
        document: what it holds, where it was read already.

    Raises:
        InvalidDocument: it is not YAML.
        FlowError: it is no flow; `FlowDefinitionError` and what else Prompt Flow calls it.
    """
    found, text = load_yaml12(file)
    whole = _mapping(found if document is None else document, file)
    notes = Notes(file, text)
    notes.unknown_keys(whole, _FLOW_KEYS, ())
    notes.language(whole.get("language"), strict=False)
    notes.message_format(whole.get("message_format"))
    variants, chosen = _variants(whole.get("node_variants"), file, notes)
    nodes = [
        _node(_mapping(one, file, "nodes", number), file, notes, ("nodes", number))
        for number, one in enumerate(_listed(whole.get("nodes"), file, "nodes"))
    ]
    flow = Flow(
        kind="dag",
        folder=file.parent,
        file=file,
        name=str(whole.get("name") or file.resolve().parent.name),
        inputs=input_specs(whole.get("inputs"), file, notes, "inputs"),
        outputs=_outputs(whole.get("outputs"), file, notes),
        nodes=tuple(nodes),
        variants=variants,
        default_variants=chosen,
        environment=_mapping(whole.get("environment_variables") or {}, file, "environment_variables"),
        includes=tuple(map(str, _listed(whole.get("additional_includes"), file, "additional_includes"))),
        message_format=str(whole.get("message_format") or "basic"),
        language=str(whole.get("language") or "python"),
        notices=tuple(notes.found),
        document=whole,
    )
    return choose_variants(flow, {})


def choose_variants(flow: Flow, chosen: Mapping[str, str]) -> Flow:
    """The flow with other variants in place: node -> variant's id; the default for all others.

    Raises:
        UsageError: there is no such node or variant.
    """
    for node, variant in chosen.items():
        if node not in flow.variants:
            having = ", ".join(flow.variants) or "none"
            raise UsageError(f"{flow.file}: the node {node!r} has no variants", hint=f"nodes with variants: {having}")
        if variant not in flow.variants[node]:
            raise UsageError(
                f"{flow.file}: the node {node!r} has no variant {variant!r}",
                hint=f"it has {', '.join(flow.variants[node])}",
            )
    nodes: list[Node] = []
    for node in flow.nodes:
        if node.use_variants or node.name in chosen:
            of_node = flow.variants.get(node.name, {})
            variant = of_node.get(chosen.get(node.name) or flow.default_variants.get(node.name, ""))
            node = replace(variant.node, name=node.name) if variant else node
        nodes.append(node)
    return replace(flow, nodes=tuple(nodes))


def input_specs(found: Any, file: Path, notes: Notes, key: str) -> dict[str, InputSpec]:
    """Specifications of inputs, as a mapping from names.

    Raises:
        FlowError: one has no type, or one that is not known.
    """
    specs: dict[str, InputSpec] = {}
    for name, one in _mapping(found or {}, file, key).items():
        spec = _mapping(one, file, key, name)
        notes.unknown_keys(spec, _INPUT_KEYS, (key, name))
        enum = spec.get("enum")
        specs[str(name)] = InputSpec(
            _type_of(spec, file, key, name),
            spec.get("default"),
            str(spec.get("description") or ""),
            tuple(cast("list[Any]", enum)) if isinstance(enum, list) else (),
            bool(spec.get("is_chat_input", False)),
            spec.get("is_chat_history"),
        )
    return specs


def _outputs(found: Any, file: Path, notes: Notes) -> dict[str, OutputSpec]:
    specs: dict[str, OutputSpec] = {}
    for name, one in _mapping(found or {}, file, "outputs").items():
        spec = _mapping(one, file, "outputs", name)
        where = ("outputs", name)
        notes.unknown_keys(spec, _OUTPUT_KEYS, where)
        reference = parse_reference(spec.get("reference", ""))
        notes.embedded(reference, (*where, "reference"))
        if reference.kind == "node" and reference.section != "output":
            notes.add(
                (*where, "reference"),
                f"{str(reference)!r} names the section {reference.section!r}, which is taken as the whole output; "
                f"write ${{{reference.value}.output}}",
            )
        specs[str(name)] = OutputSpec(
            _type_of(spec, file, *where),
            reference,
            str(spec.get("description") or ""),
            bool(spec.get("is_chat_output", False)),
            bool(spec.get("evaluation_only", False)),
        )
    return specs


def _variants(found: Any, file: Path, notes: Notes) -> tuple[dict[str, dict[str, Variant]], dict[str, str]]:
    variants: dict[str, dict[str, Variant]] = {}
    chosen: dict[str, str] = {}
    for name, one in _mapping(found or {}, file, "node_variants").items():
        key = ("node_variants", name)
        spec = _mapping(one, file, *key)
        if "variants" not in spec:
            raise _wrong(f"{_named(key)} has no 'variants'", file, key)
        chosen[str(name)] = str(spec.get("default_variant_id") or "")
        of_node: dict[str, Variant] = {}
        for variant, held in _mapping(spec["variants"], file, *key, "variants").items():
            where = (*key, "variants", variant, "node")
            inner = _mapping(held, file, *where[:-1])
            if "node" not in inner:
                raise _wrong(f"{_named(where[:-1])} has no 'node'", file, where[:-1])
            node = _node(_mapping(inner["node"], file, *where), file, notes, where)
            of_node[str(variant)] = Variant(node, str(inner.get("description") or ""))
        variants[str(name)] = of_node
        if chosen[str(name)] not in of_node:
            notes.add(key, f"the default variant {chosen[str(name)]!r} is not among its variants")
    return variants, chosen


def _node(one: Mapping[str, Any], file: Path, notes: Notes, where: tuple[str | int, ...]) -> Node:
    notes.unknown_keys(one, _NODE_KEYS, where)
    name = str(one.get("name") or "")
    kind = one.get("type")
    if kind is not None and kind not in _NODE_TYPES:
        hint = f"the types are {', '.join(sorted({'python', 'prompt', 'llm', 'custom_llm'}))}"
        raise _wrong(f"the node {name!r} has the type {kind!r}", file, (*where, "type"), hint=hint)
    source = one.get("source")
    inputs: dict[str, Reference] = {}
    for key, value in _mapping(one.get("inputs") or {}, file, *where, "inputs").items():
        inputs[str(key)] = parse_reference(value)
        notes.embedded(inputs[str(key)], (*where, "inputs", key))
    return Node(
        name=name,
        type=str(kind or ""),
        source=None if source is None else _source(_mapping(source, file, *where, "source")),
        inputs=inputs,
        activate=_activate(one["activate"], file, notes, (*where, "activate"))
        if one.get("activate") is not None
        else None,
        aggregation=bool(one.get("aggregation", False) or one.get("reduce", False)),
        connection=one.get("connection"),
        api=one.get("api"),
        provider=one.get("provider"),
        module=one.get("module"),
        use_variants=bool(one.get("use_variants", False)),
    )


def _source(found: Mapping[str, Any]) -> Source:
    path, tool = found.get("path"), found.get("tool")
    return Source(
        str(found.get("type") or "code"), None if path is None else str(path), None if tool is None else str(tool)
    )


def _activate(found: Any, file: Path, notes: Notes, where: tuple[str | int, ...]) -> Activate:
    condition = _mapping(found, file, *where)
    if "when" not in condition or "is" not in condition:
        hint = "as `activate: {when: ${inputs.kind}, is: question}`"
        raise _wrong(f"{_named(where)} needs both 'when' and 'is'", file, where, hint=hint)
    when = parse_reference(condition["when"])
    notes.embedded(when, (*where, "when"))
    return Activate(when, condition["is"])


def _type_of(spec: Mapping[str, Any], file: Path, *where: str) -> str:
    kind = spec.get("type")
    if kind not in INPUT_TYPES:
        what = "has no type" if kind is None else f"has the type {kind!r}"
        # Prompt Flow stumbles over it with Python's own errors, whose names are kept as the codes.
        code = "KeyError" if kind is None else "ValueError"
        hint = f"the types are {', '.join(INPUT_TYPES)}"
        raise FlowError(code, f"{_named(where)} {what}", hint=hint, file=file, where=(*where, "type"))
    return str(kind)


def _mapping(found: Any, file: Path, *where: str | int) -> Mapping[str, Any]:
    if isinstance(found, dict):
        return cast("dict[str, Any]", found)
    what = "nothing" if found is None else f"a {type(found).__name__}"
    raise _wrong(f"{_named(where)} must be a mapping, not {what}", file, where)


def _listed(found: Any, file: Path, key: str) -> list[Any]:
    if found is None:
        return []
    if isinstance(found, list):
        return cast("list[Any]", found)
    raise _wrong(f"{key} must be a list, not a {type(found).__name__}", file, (key,))


def _named(where: Sequence[str | int]) -> str:
    """A key path as text: `nodes[0].inputs`."""
    parts = [f"[{part}]" if isinstance(part, int) else f".{part}" for part in where]
    return "".join(parts).removeprefix(".") or "the file"


def _wrong(problem: str, file: Path, where: Sequence[str | int], *, hint: str = "") -> FlowError:
    return FlowError("FlowDefinitionError", problem, hint=hint, file=file, where=where)
