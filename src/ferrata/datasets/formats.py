"""Rows of any format that evaluations come in, told by the content: plain rows, promptfoo's tests, OpenAI eval items, chats.

Plain rows, those of azure-ai-evaluation among them, stay as they are. Knows no dataset.
"""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any, Literal, cast

from ferrata.datasets.promptfoo import is_promptfoo_header, read_promptfoo, rows_of_cells
from ferrata.datasets.rows import Row, data_files, read_rows
from ferrata.errors import NotFound, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

__all__ = ["FORMATS", "Format", "detect_format", "read_any"]

Format = Literal["rows", "promptfoo", "openai-evals", "chat"]
FORMATS: tuple[Format, ...] = ("rows", "promptfoo", "openai-evals", "chat")

_OF_CHATS = frozenset(
    "messages tools functions parallel_tool_calls function_call tool_choice weight metadata id split tags".split()
)


def detect_format(path: Path) -> Format:
    """The format of a file, by its name where it is YAML, and by its header or its first sound row elsewhere.

    Raises:
        NotFound: there is no such file.
        UsageError: it cannot be read at all.
    """
    if _is_yaml(path):
        return "promptfoo"
    with closing(read_rows(path)) as rows:
        first = next((row for row in rows if not row.problem), None)
    values = first.values if first else {}
    if path.suffix.lower() in (".csv", ".tsv") and is_promptfoo_header(values):
        return "promptfoo"
    if isinstance(values.get("item"), dict) and values.keys() <= {"item", "sample"}:
        return "openai-evals"
    if _is_chat(values.get("messages")) and values.keys() <= _OF_CHATS:
        return "chat"
    return "rows"


def read_any(path: Path, format: Format | None = None) -> Iterator[Row]:
    """The rows of a file, or of all files in a folder, each as its format says.

    Args:
        path: the file or folder.
        format: of all files; None: as the content of each shows.

    Raises:
        NotFound: there is no such file.
        UsageError: one cannot be read at all.
        InvalidDocument: one is YAML, and wrong.
    """
    if not path.is_dir():
        yield from _of_file(path, format)
        return
    for file in data_files(path):
        yield from _of_file(file, format)


def _of_file(path: Path, format: Format | None) -> Iterator[Row]:
    if not path.is_file():
        raise NotFound(
            f"no such data: {str(path)!r}", hint="give a file of JSON lines, JSON, CSV, TSV, Parquet or YAML"
        )
    chosen = format or detect_format(path)
    if _is_yaml(path):
        if chosen != "promptfoo":
            raise UsageError(
                f"{str(path)!r} is YAML, which only promptfoo's tests are", hint="write rows as JSON lines"
            )
        return read_promptfoo(path)
    rows = read_rows(path)
    if chosen == "promptfoo":
        return rows_of_cells(rows)
    if chosen == "openai-evals":
        return map(_of_item, rows)
    return map(_of_chat, rows) if chosen == "chat" else rows


def _is_yaml(path: Path) -> bool:
    return path.suffix.lower() in (".yaml", ".yml")


def _of_item(row: Row) -> Row:
    if row.problem:
        return row
    item, sample = row.values.get("item"), row.values.get("sample")
    if not isinstance(item, dict):
        return row._replace(values={}, problem="`item` must be an object, as in every row of OpenAI eval items")
    values = dict(cast("dict[str, Any]", item))
    if isinstance(sample, dict):
        about = cast("dict[str, Any]", sample)
        if isinstance(about.get("output_text"), str):
            values.setdefault("response", about["output_text"])
        values.setdefault("sample", about)
    return row._replace(values=values)


def _is_chat(messages: Any) -> bool:
    if not isinstance(messages, list) or not messages:
        return False
    return all(isinstance(one, dict) and "role" in one for one in cast("list[Any]", messages))


def _of_chat(row: Row) -> Row:
    if row.problem:
        return row
    messages = row.values.get("messages")
    if not _is_chat(messages):
        return row._replace(values={}, problem="`messages` must be a list of objects, each with a `role`")
    listed = cast("list[dict[str, Any]]", messages)
    answered = listed[-1].get("role") == "assistant"
    before = listed[:-1] if answered else listed
    asked = next((one for one in reversed(before) if one.get("role") == "user"), None)
    values: dict[str, Any] = {"query": _text(asked) if asked else ""}
    if answered:
        values["response"] = _text(listed[-1])
    return row._replace(values=values | row.values)


def _text(message: Mapping[str, Any]) -> str:
    """A message's text; parts joined, what is no text left out."""
    content = message.get("content")
    if isinstance(content, list):
        parts: list[dict[str, Any]] = [one for one in cast("list[Any]", content) if isinstance(one, dict)]
        return "".join(str(one.get("text", "")) for one in parts)
    return content if isinstance(content, str) else ""
