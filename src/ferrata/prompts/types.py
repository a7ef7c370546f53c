"""What a prompt is, in whichever dialect its file is written. Knows no file format, no template engine and no model."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ferrata.messages import OutputSchema, Tool

__all__ = [
    "DIALECTS",
    "REQUIRED",
    "Api",
    "Dialect",
    "Engine",
    "Input",
    "Kind",
    "ModelChoice",
    "Note",
    "Output",
    "Prompt",
]

Dialect = Literal["prompty-v1", "prompty-v2", "promptflow"]
Engine = Literal["jinja2", "mustache"]
Api = Literal["chat", "responses", "completion", "embedding", "image"]
Kind = Literal["any", "string", "integer", "number", "boolean", "array", "object", "image", "audio", "file", "thread"]

DIALECTS: Final = ("prompty-v1", "prompty-v2", "promptflow")


class _Required:
    """The mark of an input without a default; None is a default like any other."""

    def __repr__(self) -> str:
        return "REQUIRED"


REQUIRED: Final = _Required()


@dataclass(frozen=True, slots=True)
class Input:
    """A variable of the template.

    Attributes:
        name: as the template calls it.
        kind: of its value; `thread` is the history of a conversation.
        default: its value where none is given; `REQUIRED` where there is none.
        optional: it may be missing although it has no default, and is then empty.
        choices: the values that it may have, where only some are allowed.
        example: a value that shows what is meant.
        declared: the file declares it; if not, only the sample shows it.
        line: where the file declares it, from 1.
    """

    name: str
    kind: Kind = "any"
    default: object = REQUIRED
    optional: bool = False
    description: str = ""
    choices: tuple[object, ...] = ()
    example: object = REQUIRED
    declared: bool = True
    line: int = 1

    @property
    def is_history(self) -> bool:
        """Whether its value is the messages of a conversation so far."""
        return self.kind == "thread"


@dataclass(frozen=True, slots=True)
class Output:
    """A field of the answer's JSON object."""

    name: str
    kind: Kind = "string"
    description: str = ""
    required: bool = True
    schema: Mapping[str, object] = field(default_factory=dict[str, object])


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """The model that a prompt is written for, and how it is to answer.

    Attributes:
        name: the model's or the deployment's name, or empty.
        provider: the vendor as the file calls it, or empty.
        api: what the model is asked for.
        connection: how the file says to reach it. References in it are never resolved here: secrets stay where they are.
        parameters: of the request, under the names of OpenAI's API; without tools and response format.
        response: `first` answer or `all` of it, as Prompt Flow has it.
    """

    name: str = ""
    provider: str = ""
    api: Api = "chat"
    connection: Mapping[str, object] | str = field(default_factory=dict[str, object])
    parameters: Mapping[str, object] = field(default_factory=dict[str, object])
    response: str = "first"


@dataclass(frozen=True, slots=True)
class Note:
    """Something about a file that is no mistake but worth saying, with its line and key."""

    line: int
    key: str
    text: str


@dataclass(frozen=True)
class Prompt:
    """A prompt: inputs, a template of messages, and the model that it is for.

    Attributes:
        path: the file.
        root: the project's folder; no reference and no image leads out of it.
        name: its name; the file's where it gives none.
        dialect: the dialect that it is written in.
        why: what the dialect was told by.
        engine: the template language.
        body: the template.
        body_line: the line of the file that the template begins at, from 1.
        sample: values of the inputs, as an example.
        tool_choice: `auto`, `none`, `required`, or a tool's name.
        output: the JSON that the answer must be.
        header: the front matter as it stands, references included.
        text: the whole file.
        files: the files that it includes by `${file:...}`, relative to `root`.
        notes: what the reader noticed.
        version: the version of the registry that it is, as `prompt/support@3`; empty for a file of the project.
    """

    path: Path
    root: Path
    name: str
    dialect: Dialect
    why: str
    engine: Engine
    body: str
    body_line: int
    description: str = ""
    model: ModelChoice = field(default_factory=ModelChoice)
    inputs: tuple[Input, ...] = ()
    outputs: tuple[Output, ...] = ()
    sample: Mapping[str, object] = field(default_factory=dict[str, object])
    tools: tuple[Tool, ...] = ()
    tool_choice: str | None = None
    output: OutputSchema | None = None
    metadata: Mapping[str, object] = field(default_factory=dict[str, object])
    header: Mapping[str, object] = field(default_factory=dict[str, object])
    text: str = ""
    files: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()
    version: str = ""

    @property
    def place(self) -> str:
        """What messages call it: the file, or the version with the file in it."""
        return f"{self.version}/{self.path.name}" if self.version else str(self.path)

    def input(self, name: str) -> Input | None:
        """The input of that name."""
        return next((one for one in self.inputs if one.name == name), None)
