"""What a flow is, and what came of running it: plain data.

Knows no file format, no user code and no model.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from ferrata.runs import Status

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ferrata.messages import Usage

__all__ = [
    "Activate",
    "Aggregation",
    "Flow",
    "InputSpec",
    "LineResult",
    "Node",
    "NodeResult",
    "Notice",
    "OutputSpec",
    "Reference",
    "Source",
    "Status",
    "Variant",
]

Kind = Literal["dag", "flex", "prompty", "python"]


class Reference(NamedTuple):
    """What an input, an output or a condition takes its value from.

    Attributes:
        kind: `value` for a literal, `input` for `${inputs.NAME}`, `node` for `${NAME.output.property}`.
        value: the literal, or the name of the input or node.
        section: of a node; only `output` means something.
        property: what is taken of the output, as `a.b[2]['k']`; empty for all of it.
    """

    kind: Literal["value", "input", "node"]
    value: Any
    section: str = "output"
    property: str = ""

    def __str__(self) -> str:
        if self.kind == "value":
            return str(self.value)
        if self.kind == "input":
            return f"${{inputs.{self.value}}}"
        return f"${{{self.value}.{self.section}{'.' if self.property else ''}{self.property}}}"


class InputSpec(NamedTuple):
    """An input of a flow.

    Attributes:
        type: `int`, `double`, `bool`, `string`, `list`, `object`, `image` and what else Prompt Flow knows.
        default: what it is where nothing is given; None: it must be given.
        description: for people.
        enum: the values that are offered.
        is_chat_input: it is what the user says.
        is_chat_history: it is what was said before.
    """

    type: str
    default: Any = None
    description: str = ""
    enum: tuple[Any, ...] = ()
    is_chat_input: bool = False
    is_chat_history: bool | None = None


class OutputSpec(NamedTuple):
    """An output of a flow and where it comes from; None for flows that are no graph."""

    type: str
    reference: Reference | None = None
    description: str = ""
    is_chat_output: bool = False
    evaluation_only: bool = False


class Activate(NamedTuple):
    """The node runs only where `when` equals `value`."""

    when: Reference
    value: Any


class Source(NamedTuple):
    """Where a node's code or template is.

    Attributes:
        type: `code`, `package` or `package_with_prompt`.
        path: a file, relative to the flow's folder.
        tool: the id of a package's tool.
    """

    type: str = "code"
    path: str | None = None
    tool: str | None = None


@dataclass(frozen=True)
class Node:
    """A step of a graph.

    Attributes:
        name: unique in the flow.
        type: `python`, `prompt`, `llm`, `custom_llm`, or what else the file says.
        source: its code or template; None where the file has none.
        inputs: name -> where the value comes from.
        activate: its condition; None: it runs always.
        aggregation: it runs once, over all lines.
        connection: the name of the connection of an `llm` node.
        api: `chat` or `completion`, for an `llm` node.
        provider: as the file says; for an `llm` node the connection's type decides.
        module: a module that is imported for it.
        use_variants: a variant stands in its place.
    """

    name: str
    type: str
    source: Source | None = None
    inputs: Mapping[str, Reference] = field(default_factory=dict[str, Reference])
    activate: Activate | None = None
    aggregation: bool = False
    connection: str | None = None
    api: str | None = None
    provider: str | None = None
    module: str | None = None
    use_variants: bool = False


class Variant(NamedTuple):
    """One way to do a node: what stands in its place."""

    node: Node
    description: str = ""


class Notice(NamedTuple):
    """Something in a file on which Prompt Flow is silent and that is most likely a mistake.

    Attributes:
        file: which.
        line: from 1.
        key: where, as `nodes.greet.inputs.name`.
        problem: what, and what to do.
    """

    file: str
    line: int
    key: str
    problem: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.key}: {self.problem}"


@dataclass(frozen=True)
class Flow:
    """What a flow's file says, checked as far as that needs no user code.

    Attributes:
        kind: `dag` (a graph), `flex` (a function or class), `prompty`, or `python` (a decorated function).
        folder: where its files are.
        file: the flow's file.
        name: its own, or the folder's.
        inputs: name -> specification, in order.
        outputs: likewise.
        nodes: of a graph, in an order in which they can run; the chosen variants are in place.
        variants: node -> variant's id -> what stands in the node's place.
        default_variants: node -> id.
        entry: of a flex flow, `module:function`.
        init: of a flex flow with a class, its arguments.
        sample: example inputs; of a flex flow also those of `init`, under that key.
        environment: variables; a value may be `${connection.key}`.
        includes: `additional_includes`.
        message_format: `basic` or `openai-vision`.
        language: `python` or `csharp`.
        notices: what looks like a mistake.
        document: the whole file, as it was read.
    """

    kind: Kind
    folder: Path
    file: Path
    name: str
    inputs: Mapping[str, InputSpec] = field(default_factory=dict[str, InputSpec])
    outputs: Mapping[str, OutputSpec] = field(default_factory=dict[str, OutputSpec])
    nodes: tuple[Node, ...] = ()
    variants: Mapping[str, Mapping[str, Variant]] = field(default_factory=dict[str, "Mapping[str, Variant]"])
    default_variants: Mapping[str, str] = field(default_factory=dict[str, str])
    entry: str = ""
    init: Mapping[str, InputSpec] = field(default_factory=dict[str, InputSpec])
    sample: Mapping[str, Any] = field(default_factory=dict[str, Any])
    environment: Mapping[str, Any] = field(default_factory=dict[str, Any])
    includes: tuple[str, ...] = ()
    message_format: str = "basic"
    language: str = "python"
    notices: tuple[Notice, ...] = ()
    document: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(slots=True)
class NodeResult:
    """What one node did on one line.

    Attributes:
        inputs: as the node got them; connections are left out.
        output: what it gave; None if it gave nothing or was passed over.
        error: as `failures.error_of` makes it; None if there is none.
        logs: what it printed.
        started: seconds since the epoch.
        ended: likewise.
        usage: tokens of the models that it asked; None if it asked none.
        cost: US dollars; None where it is not known.
    """

    name: str
    status: Status
    inputs: Mapping[str, Any] = field(default_factory=dict[str, Any])
    output: Any = None
    error: dict[str, Any] | None = None
    logs: str = ""
    started: float = 0.0
    ended: float = 0.0
    usage: Usage | None = None
    cost: float | None = None


@dataclass(slots=True)
class LineResult:
    """What one row of inputs came to.

    Attributes:
        status: `Completed`, `Failed` or `Canceled`.
        inputs: with defaults, in the types that the flow names.
        output: by the names of the flow's outputs; empty if it failed.
        nodes: by name, in the order in which they ended.
        error: as `failures.error_of` makes it; None if there is none.
        aggregation: what the aggregation nodes need of this line: the reference as text, `${grade.output}` -> value.
        started: seconds since the epoch.
        ended: likewise.
    """

    status: Status
    inputs: Mapping[str, Any] = field(default_factory=dict[str, Any])
    output: dict[str, Any] = field(default_factory=dict[str, Any])
    nodes: dict[str, NodeResult] = field(default_factory=dict[str, NodeResult])
    error: dict[str, Any] | None = None
    aggregation: dict[str, Any] = field(default_factory=dict[str, Any])
    started: float = 0.0
    ended: float = 0.0

    @property
    def usage(self) -> Usage | None:
        """Tokens of all nodes; None where no model was asked."""
        counted = [node.usage for node in self.nodes.values() if node.usage is not None]
        return sum(counted[1:], counted[0]) if counted else None

    @property
    def cost(self) -> float | None:
        """US dollars of all nodes; None where none is known."""
        known = [node.cost for node in self.nodes.values() if node.cost is not None]
        return sum(known) if known else None


@dataclass(slots=True)
class Aggregation:
    """What the aggregation nodes made of all lines.

    Attributes:
        metrics: by name, as `log_metric` was told.
        nodes: by name.
        output: of a class flow, what its `__aggregate__` gave.
        error: the first that a node failed with; None if all ended.
    """

    metrics: dict[str, Any] = field(default_factory=dict[str, Any])
    nodes: dict[str, NodeResult] = field(default_factory=dict[str, NodeResult])
    output: Any = None
    error: dict[str, Any] | None = None
