"""Prompts of a configuration of promptfoo: texts, chats and files with them. Programs that make prompts are not run."""

from __future__ import annotations

import csv
import io
import json
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from ferrata.errors import FerrataError
from ferrata.evals.importing.prompt_files import Turn, make_prompt, message_text
from ferrata.evals.importing.types import as_name, unique_name
from ferrata.yamls import read_yaml

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ferrata.evals.importing.local_files import LocalFiles
    from ferrata.evals.importing.types import Imported, PromptFile

__all__ = ["read_prompts"]

_PROGRAMS = (".js", ".cjs", ".mjs", ".ts", ".mts", ".py", ".sh", ".bash", ".rb", ".pl", ".go")
_TEXTS = (".txt", ".md", ".j2", ".json", ".jsonl", ".yaml", ".yml", ".csv", ".prompt")
_ELSEWHERE = ("langfuse://", "portkey://", "helicone://", "http://", "https://", "package:")


class _Text(NamedTuple):
    label: str
    text: str


def read_prompts(found: Imported, listed: Any, files: LocalFiles, *, name: str, **settings: Any) -> list[PromptFile]:
    """The prompts, made by `make_prompt` with these settings; what is left is noted in `found`."""
    items: list[tuple[str, str]] = []
    if isinstance(listed, dict):  # {file: label}
        items = [(str(file), str(label)) for file, label in cast("dict[str, Any]", listed).items()]
    else:
        items = [_item(item) for item in cast("list[Any]", listed if isinstance(listed, list) else [listed])]
    texts = [text for source, label in items for text in _texts(found, source, label, files)]
    names: set[str] = set()
    made: list[PromptFile] = []
    for text in texts:
        default = name if len(texts) == 1 else f"{name}-{len(made) + 1}"
        chosen = unique_name(text.label or default, names, default)
        turns = _turns(found, chosen, text.text)
        made.append(make_prompt(found, chosen, turns, syntax="nunjucks", **settings))
    if made:
        found.taken.append(f"{len(made)} prompt{'s' if len(made) > 1 else ''}")
    return made


def _item(item: Any) -> tuple[str, str]:
    if not isinstance(item, dict):
        return str(item), ""
    about = cast("dict[str, Any]", item)
    source = about.get("raw") or about.get("file") or about.get("id") or about.get("path") or ""
    return str(source), str(about.get("label") or "")


def _texts(found: Imported, source: str, label: str, files: LocalFiles) -> Iterator[_Text]:
    what = f"prompt {label or source[:60]!r}"
    if source.startswith("exec:") or source.startswith(_ELSEWHERE):
        found.leave(what, "it is made by a program or lies on another server")
        return
    bare = source.removeprefix("file://")
    end = PurePosixPath(bare.split(":")[0].partition("\n")[0]).suffix.lower()
    if not source.startswith("file://") and (
        "\n" in source or end not in (*_TEXTS, *_PROGRAMS) or " " in source.strip()
    ):
        yield _Text(label, source)
        return
    if end in _PROGRAMS:
        found.leave(what, "it is made by a program, which is not run")
        return
    try:
        for path in files.find(bare):
            yield from _of_file(path, label, files)
    except FerrataError as error:
        found.leave(what, error.message)


def _of_file(path: Path, label: str, files: LocalFiles) -> Iterator[_Text]:
    text = files.text(path)
    stem = label or as_name(path.stem)
    end = path.suffix.lower()
    if end == ".csv":
        for i, row in enumerate(csv.DictReader(io.StringIO(text)), 1):
            yield _Text(row.get("label") or f"{stem}-{i}", row.get("prompt") or "")
        return
    if end == ".jsonl":
        parts = [line for line in text.splitlines() if line.strip()]
    elif end == ".txt":
        parts = [part.strip("\n") for part in f"\n{text}\n".split("\n---\n") if part.strip()]
    else:
        parts = [text.rstrip("\n")]
    for i, part in enumerate(parts, 1):
        yield _Text(stem if len(parts) == 1 else f"{stem}-{i}", part)


def _turns(found: Imported, name: str, text: str) -> list[Turn]:
    """The messages of a text: a chat in JSON or YAML, or one message of the user."""
    chat = _chat(text)
    if chat is None:
        if text.lstrip().startswith(("[{", "[\n", "- role:")):
            found.change(
                f"prompt {name!r}", "it looks like a chat and is none before it is filled in, so it is one message"
            )
        return [Turn("user", text)]
    return [
        Turn(str(message.get("role", "user")), message_text(found, f"prompt {name!r}", message.get("content", "")))
        for message in chat
    ]


def _chat(text: str) -> list[dict[str, Any]] | None:
    begin = text.lstrip()[:1]
    value: Any = None
    try:
        if begin == "[":
            value = json.loads(text)
        elif text.lstrip().startswith("- role"):
            value = read_yaml(text, file="prompt")
    except (ValueError, FerrataError, RecursionError):
        return None
    if not isinstance(value, list) or not value:
        return None
    messages = cast("list[Any]", value)
    if not all(isinstance(one, dict) and "role" in one for one in messages):
        return None
    return cast("list[dict[str, Any]]", messages)
