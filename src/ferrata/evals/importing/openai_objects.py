"""Objects of OpenAI's Evals API, fetched from it or read from a folder in which somebody saved them. Changes nothing of them.

The API: /evals, /evals/{id}, /evals/{id}/runs, /evals/{id}/runs/{run}/output_items, /files/{id}/content, as its OpenAPI document
has them. A folder may hold any of the same objects as JSON or JSON lines, single or as lists, and FILE_ID.jsonl for contents of files.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from ferrata.errors import FerrataError, NotFound
from ferrata.evals.importing.api import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from ferrata.evals.importing.api import JsonApi

__all__ = ["OpenAIObjects", "fetch_openai_evals", "read_openai_folder"]


@dataclass
class OpenAIObjects:
    """What was found.

    Attributes:
        evals: by id.
        runs: by id; with `eval_id`.
        items: output items by the run's id.
        files: lines of files by id.
        problems: what could not be read, and why.
    """

    evals: dict[str, dict[str, Any]] = field(default_factory=dict[str, "dict[str, Any]"])
    runs: dict[str, dict[str, Any]] = field(default_factory=dict[str, "dict[str, Any]"])
    items: dict[str, list[dict[str, Any]]] = field(default_factory=dict[str, "list[dict[str, Any]]"])
    files: dict[str, list[dict[str, Any]]] = field(default_factory=dict[str, "list[dict[str, Any]]"])
    problems: list[tuple[str, str]] = field(default_factory=list["tuple[str, str]"])

    def add(self, value: dict[str, Any]) -> bool:
        """Take an object by what it says that it is; False where it is none of these."""
        kind, name = value.get("object"), str(value.get("id") or "")
        if kind == "list" and isinstance(value.get("data"), list):
            inner = [cast("dict[str, Any]", i) for i in cast("list[Any]", value["data"]) if isinstance(i, dict)]
            return all([self.add(item) for item in inner])
        if kind == "eval":
            self.evals[name] = value
        elif kind == "eval.run":
            self.runs[name] = value
        elif kind == "eval.run.output_item":
            items = self.items.setdefault(str(value.get("run_id") or ""), [])
            if not any(item.get("id") == name for item in items):
                items.append(value)
        else:
            return False
        return True


async def fetch_openai_evals(api: JsonApi, ids: Sequence[str] = ()) -> OpenAIObjects:
    """The evals of these ids, or all, with their runs, items and files.

    Raises:
        NotFound: there is no eval of an id.
        ModelError: the server cannot be used; as `JsonApi.get`.
    """
    found = OpenAIObjects()
    if ids:
        for name in ids:
            found.add(await api.get(f"evals/{quoted(name)}"))
    else:
        async for value in api.after("evals"):
            found.add(value)
    for name in found.evals:
        async for run in api.after(f"evals/{quoted(name)}/runs"):
            found.add({**run, "eval_id": name})
    for name, run in found.runs.items():
        path = f"evals/{quoted(str(run['eval_id']))}/runs/{quoted(name)}/output_items"
        found.items[name] = [item async for item in api.after(path)]
        file = _file_of(run)
        if file and file not in found.files:
            try:
                found.files[file] = list(_lines(await api.text(f"files/{quoted(file)}/content")))
            except (NotFound, ValueError) as error:
                found.problems.append((f"file {file!r}", f"{error}; its rows are those of the runs' items"))
    return found


def read_openai_folder(folder: Path) -> OpenAIObjects:
    """The objects in a folder's files of JSON and JSON lines.

    Raises:
        NotFound: there is no such folder, or none of the objects in it.
    """
    found = OpenAIObjects()
    if not folder.is_dir():
        raise NotFound(f"no such folder: {str(folder)!r}")
    for path in sorted(folder.rglob("*.json*")):
        where = path.relative_to(folder).as_posix()
        try:
            values = _values(path)
        except (OSError, ValueError, RecursionError, FerrataError) as error:
            found.problems.append((f"file {where!r}", f"cannot be read: {error}"))
            continue
        if path.stem.startswith("file-") and path.suffix == ".jsonl":
            found.files[path.stem] = values
        elif not values or not all([found.add(value) for value in values]):
            found.problems.append((f"file {where!r}", "not all in it are objects of the Evals API"))
    if not found.evals:
        raise NotFound(f"no eval in {str(folder)!r}", hint="save what GET /v1/evals/ID answers there, as JSON")
    return found


def _values(path: Path) -> list[dict[str, Any]]:
    text = path.read_text(encoding="utf-8-sig")
    if path.suffix == ".jsonl":
        return list(_lines(text))
    value: Any = json.loads(text)
    listed = cast("list[Any]", value if isinstance(value, list) else [value])
    return [cast("dict[str, Any]", item) for item in listed if isinstance(item, dict)]


def _lines(text: str) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            value: Any = json.loads(line)
            if not isinstance(value, dict):
                raise ValueError(f"line {number} is no JSON object")
            yield cast("dict[str, Any]", value)


def _file_of(run: dict[str, Any]) -> str:
    source: Any = run.get("data_source")
    inner: Any = cast("dict[str, Any]", source).get("source") if isinstance(source, dict) else None
    about = cast("dict[str, Any]", inner) if isinstance(inner, dict) else {}
    return str(about.get("id") or "") if about.get("type") == "file_id" else ""
