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
    from collections.abc import Mapping
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
    whole = _mapping(found if document is None else document, "the file", file)
    notes = Notes(file, text)
    notes.unknown_keys(whole, _FLOW_KEYS, ())
    notes.language(whole.get("language"), strict=False)
    notes.message_format(whole.get("message_format"))
    variants, chosen = _variants(whole.get("node_variants"), file, notes)
    nodes = [
        _node(_mapping(one, f"nodes[{number}]", file), file, notes, ("nodes", number))
        for number, one in enumerate(_listed(whole.get("nodes"), "nodes", file))
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
        environment=_mapping(whole.get("environment_variables") or {}, "environment_variables", file),
        includes=tuple(map(str, _listed(whole.get("additional_includes"), "additional_includes", file))),
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
            raise UsageError(f"the node {node!r} has no variants", hint=f"nodes with variants: {having}")
        if variant not in flow.variants[node]:
            raise UsageError(
                f"the node {node!r} has no variant {variant!r}", hint=f"it has {', '.join(flow.variants[node])}"
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
    for name, one in _mapping(found or {}, key, file).items():
        spec = _mapping(one, f"{key}.{name}", file)
        notes.unknown_keys(spec, _INPUT_KEYS, (key, name))
        enum = spec.get("enum")
        specs[str(name)] = InputSpec(
            _type_of(spec, f"{key}.{name}", file),
            spec.get("default"),
            str(spec.get("description") or ""),
            tuple(cast("list[Any]", enum)) if isinstance(enum, list) else (),
            bool(spec.get("is_chat_input", False)),
            spec.get("is_chat_history"),
        )
    return specs


def _outputs(found: Any, file: Path, notes: Notes) -> dict[str, OutputSpec]:
    specs: dict[str, OutputSpec] = {}
    for name, one in _mapping(found or {}, "outputs", file).items():
        spec = _mapping(one, f"outputs.{name}", file)
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
            _type_of(spec, f"outputs.{name}", file),
            reference,
            str(spec.get("description") or ""),
            bool(spec.get("is_chat_output", False)),
            bool(spec.get("evaluation_only", False)),
        )
    return specs


def _variants(found: Any, file: Path, notes: Notes) -> tuple[dict[str, dict[str, Variant]], dict[str, str]]:
    variants: dict[str, dict[str, Variant]] = {}
    chosen: dict[str, str] = {}
    for name, one in _mapping(found or {}, "node_variants", file).items():
        key = f"node_variants.{name}"
        spec = _mapping(one, key, file)
        if "variants" not in spec:
            raise FlowError("FlowDefinitionError", f"{file}: {key} has no 'variants'")
        chosen[str(name)] = str(spec.get("default_variant_id") or "")
        of_node: dict[str, Variant] = {}
        for variant, held in _mapping(spec["variants"], f"{key}.variants", file).items():
            inner = _mapping(held, f"{key}.variants.{variant}", file)
            if "node" not in inner:
                raise FlowError("FlowDefinitionError", f"{file}: {key}.variants.{variant} has no 'node'")
            where = ("node_variants", name, "variants", variant, "node")
            node = _node(_mapping(inner["node"], f"{key}.variants.{variant}.node", file), file, notes, where)
            of_node[str(variant)] = Variant(node, str(inner.get("description") or ""))
        variants[str(name)] = of_node
        if chosen[str(name)] not in of_node:
            notes.add(("node_variants", name), f"the default variant {chosen[str(name)]!r} is not among its variants")
    return variants, chosen


def _node(one: Mapping[str, Any], file: Path, notes: Notes, where: tuple[str | int, ...]) -> Node:
    notes.unknown_keys(one, _NODE_KEYS, where)
    name = str(one.get("name") or "")
    kind = one.get("type")
    if kind is not None and kind not in _NODE_TYPES:
        raise FlowError(
            "FlowDefinitionError",
            f"{file}: the node {name!r} has the type {kind!r}",
            hint=f"the types are {', '.join(sorted({'python', 'prompt', 'llm', 'custom_llm'}))}",
        )
    source = one.get("source")
    inputs: dict[str, Reference] = {}
    for key, value in _mapping(one.get("inputs") or {}, f"the inputs of the node {name!r}", file).items():
        inputs[str(key)] = parse_reference(value)
        notes.embedded(inputs[str(key)], (*where, "inputs", key))
    return Node(
        name=name,
        type=str(kind or ""),
        source=None if source is None else _source(_mapping(source, f"the source of the node {name!r}", file)),
        inputs=inputs,
        activate=_activate(one["activate"], name, file, notes, where) if one.get("activate") is not None else None,
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


def _activate(found: Any, node: str, file: Path, notes: Notes, where: tuple[str | int, ...]) -> Activate:
    condition = _mapping(found, f"activate of the node {node!r}", file)
    if "when" not in condition or "is" not in condition:
        raise FlowError(
            "FlowDefinitionError",
            f"{file}: activate of the node {node!r} needs both 'when' and 'is'",
            hint="as `activate: {when: ${inputs.kind}, is: question}`",
        )
    when = parse_reference(condition["when"])
    notes.embedded(when, (*where, "activate", "when"))
    return Activate(when, condition["is"])


def _type_of(spec: Mapping[str, Any], key: str, file: Path) -> str:
    kind = spec.get("type")
    if kind not in INPUT_TYPES:
        what = "has no type" if kind is None else f"has the type {kind!r}"
        # Prompt Flow stumbles over it with Python's own errors, whose names are kept as the codes.
        code = "KeyError" if kind is None else "ValueError"
        raise FlowError(code, f"{file}: {key} {what}", hint=f"the types are {', '.join(INPUT_TYPES)}")
    return str(kind)


def _mapping(found: Any, key: str, file: Path) -> Mapping[str, Any]:
    if isinstance(found, dict):
        return cast("dict[str, Any]", found)
    what = "nothing" if found is None else f"a {type(found).__name__}"
    raise FlowError("FlowDefinitionError", f"{file}: {key} must be a mapping, not {what}")


def _listed(found: Any, key: str, file: Path) -> list[Any]:
    if found is None:
        return []
    if isinstance(found, list):
        return cast("list[Any]", found)
    raise FlowError("FlowDefinitionError", f"{file}: {key} must be a list, not a {type(found).__name__}")
