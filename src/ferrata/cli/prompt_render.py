"""`ferrata prompt render`, and how a prompt's file and its inputs are given to any of the commands."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from ferrata.cli.words import printable
from ferrata.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ferrata.messages import Message
    from ferrata.prompts import Dialect, Prompt

__all__ = [
    "as_json",
    "file_argument",
    "given_inputs",
    "input_options",
    "open_prompt",
    "project_of",
    "project_option",
    "render",
    "root_of",
    "rows_of",
]

project_option = click.option(
    "--project",
    type=click.Path(path_type=Path),
    help="Folder of the project, which no prompt reads outside of; by default the one with ferrata.yaml or .git above the "
    "file, and the current one for a version of the registry.",
)
file_argument = click.argument("file", metavar="PROMPT")


def input_options(command: Any) -> Any:
    """The options that give inputs."""
    command = click.option(
        "--data", type=click.Path(path_type=Path), help="JSON file with the inputs, or JSON lines: its first row."
    )(command)
    return click.option(
        "--input", "-i", "pairs", multiple=True, metavar="NAME=VALUE", help="An input; @FILE as value reads a file."
    )(command)


@click.command()
@file_argument
@input_options
@project_option
@click.option(
    "--dialect", metavar="NAME", help="Read it as prompty-v1, prompty-v2 or promptflow; told by its keys if not given."
)
@click.option("--json", "wants_json", is_flag=True, help="Print JSON.")
def render(
    *, file: str, pairs: Sequence[str], data: Path | None, project: Path | None, dialect: str | None, wants_json: bool
) -> None:
    """Print the messages that a prompt makes of its inputs.

    PROMPT is a file, or a version of the registry, as prompt/support@3 or prompt/support@production. Without inputs, those of the prompt's sample are taken. Nothing is sent to a model.
    """
    from ferrata.prompts import render_prompt

    prompt = open_prompt(file, project, dialect)
    messages = render_prompt(prompt, given_inputs(prompt, pairs, data))
    if wants_json:
        found = {
            "name": prompt.name,
            "dialect": prompt.dialect,
            "why": prompt.why,
            "engine": prompt.engine,
            "messages": [as_json(message) for message in messages],
        }
        click.echo(json.dumps(found, ensure_ascii=False, indent=2))
        return
    click.echo(f"{prompt.name}: {prompt.dialect} ({prompt.why}), {prompt.engine}", err=True)
    for message in messages:
        click.echo(f"{_head(message)}\n{printable(_shown(message))}\n")


def _head(message: Message) -> str:
    more = [message.name, message.tool_call_id]
    return f"--- {message.role}{''.join(f' {printable(one)}' for one in more if one)} ---"


def _shown(message: Message) -> str:
    from ferrata.messages import Image

    lines = [message.content] if isinstance(message.content, str) else []
    if not isinstance(message.content, str):
        for part in message.content:
            lines.append(f"[image {part.url[:60]}]" if isinstance(part, Image) else part.text)
    lines += [f"[call {call.name} {call.arguments}]" for call in message.tool_calls]
    return "\n".join(lines)


def as_json(message: Message) -> dict[str, object]:
    """A message as JSON; what it does not have is left out."""
    from ferrata.messages import Image

    found: dict[str, object] = {"role": message.role}
    if isinstance(message.content, str):
        found["content"] = message.content
    else:
        found["content"] = [
            {"type": "image", "url": part.url} if isinstance(part, Image) else {"type": "text", "text": part.text}
            for part in message.content
        ]
    if message.name:
        found["name"] = message.name
    if message.tool_call_id:
        found["tool_call_id"] = message.tool_call_id
    if message.tool_calls:
        found["tool_calls"] = [{"id": c.id, "name": c.name, "arguments": c.arguments} for c in message.tool_calls]
    return found


def open_prompt(name: str, project: Path | None = None, dialect: str | None = None) -> Prompt:
    """The prompt in a file, or of a version of the registry.

    Raises:
        NotFound: there is no such file, asset, version or alias.
        InvalidDocument: it is wrong.
        UsageError: there is no such dialect.
    """
    from ferrata.prompts import read_prompt
    from ferrata.versions import prompt_in, prompt_ref

    asked = cast("Dialect | None", dialect)
    ref = prompt_ref(name, Path())
    if ref is None:
        return read_prompt(Path(name), root=project_of(name, project), dialect=asked)
    from ferrata.shortcut import open_registry

    with open_registry(project or Path()) as registry:
        return prompt_in(registry, ref, dialect=asked)


def project_of(name: str, project: Path | None) -> Path:
    """The project of a prompt, where none was named."""
    from ferrata.versions import prompt_ref

    if project is not None:
        return project
    return root_of(Path(name)) if prompt_ref(name, Path()) is None else Path()


def root_of(file: Path) -> Path:
    """The folder of the project that a file belongs to; where none can be seen, the current one or the file's own."""
    folder = file.absolute().parent
    for above in (folder, *folder.parents):
        if (above / "ferrata.yaml").is_file() or (above / ".git").exists():
            return above
    here = Path.cwd()
    return here if folder.is_relative_to(here) else folder


def given_inputs(prompt: Prompt, pairs: Sequence[str], data: Path | None) -> dict[str, object] | None:
    """The inputs that were given; None where none were.

    A value is text, but for inputs of another kind: for those it is read as JSON.

    Raises:
        UsageError: a pair is none, a file cannot be read, a value is no JSON.
    """
    if not pairs and data is None:
        return None
    found: dict[str, object] = {} if data is None else rows_of(data)[0]
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not equals or not name:
            raise UsageError(f"not an input: {pair!r}", hint="write NAME=VALUE")
        if text.startswith("@"):
            text = _read(Path(text[1:]))
        one = prompt.input(name)
        plain = one is None or one.kind in ("any", "string", "image", "audio", "file")
        found[name] = text if plain else _parsed(name, text, one.kind if one else "")
    return found


def _parsed(name: str, text: str, kind: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise UsageError(f"the input {name!r} is of the kind {kind}: {text!r} is no JSON") from None


def rows_of(path: Path) -> list[dict[str, object]]:
    """The rows of a file: JSON lines, or JSON with one object or a list of them.

    Raises:
        UsageError: the file cannot be read, or a row is no object.
    """
    text = _read(path)
    rows: list[object] = []
    try:
        if path.suffix == ".jsonl":
            rows = [json.loads(line) for line in text.splitlines() if line.strip()]
        else:
            value = json.loads(text)
            rows = cast("list[object]", value) if isinstance(value, list) else [value]
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{str(path)!r} is no JSON: {error}") from None
    if not rows or not all(isinstance(row, dict) for row in rows):
        raise UsageError(f"{str(path)!r} must hold objects: inputs with their values")
    return cast("list[dict[str, object]]", rows)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise UsageError(f"cannot read {str(path)!r}: {getattr(error, 'strerror', None) or error}") from None
