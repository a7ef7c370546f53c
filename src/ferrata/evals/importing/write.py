"""Writes what an import found into a project: all files, or none where one is in the way. Knows no source.

data/NAME.jsonl, data/NAME.dataset.yaml     rows, and where they come from
data/NAME.scores.jsonl                      what was scored before: {id, inputs, outputs, scores} a line
prompts/NAME.prompty
evals/NAME.yaml                             an entry for `evals:`
evals/imported/FILE.txt                     code of the source, for its owner to read; nothing runs it
"""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from ferrata.errors import Conflict, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ferrata.evals.importing.types import DataFile, Imported

__all__ = ["files_of", "write_imported"]


def files_of(found: Imported) -> dict[str, str]:
    """The files by their paths within a project."""
    files: dict[str, str] = {}
    for data in found.data:
        text = _lines(data.rows)
        files[f"data/{data.name}.jsonl"] = text
        files[f"data/{data.name}.dataset.yaml"] = _yaml(_description(data, text))
    for data in found.scores:
        files[f"data/{data.name}.scores.jsonl"] = _lines(data.rows)
    for prompt in found.prompts:
        files[f"prompts/{prompt.name}.prompty"] = prompt.text
    for name, entry in found.evals.items():
        files[f"evals/{name}.yaml"] = _yaml({"evals": {name: entry}})
    for name, text in found.code.items():
        files[f"evals/imported/{name}"] = text
    return files


def write_imported(found: Imported, project: Path, *, replace: bool = False) -> list[str]:
    """Write the files.

    Args:
        found: by an importer.
        project: its folder.
        replace: write over files that are there and differ.

    Returns:
        The paths of files written, within the project; files that are there with the same text are not among them.

    Raises:
        UsageError: there is no such folder, or a path in it is a link.
        Conflict: a file is there and differs; nothing is written.
    """
    if not project.is_dir():
        raise UsageError(f"no such folder: {str(project)!r}")
    wanted: dict[str, str] = {}
    in_the_way: list[str] = []
    for path, text in files_of(found).items():
        target = project / path
        if any(part.is_symlink() for part in (target, *list(target.parents)[: len(Path(path).parts) - 1])):
            raise UsageError(f"{path!r} lies behind a link", hint="give a project whose folders are its own")
        if target.exists() and target.read_bytes() == text.encode():
            continue
        if target.exists() and not replace:
            in_the_way.append(path)
        wanted[path] = text
    if in_the_way:
        names = ", ".join(in_the_way[:5]) + (" and more" if len(in_the_way) > 5 else "")
        raise Conflict(
            f"files of these names are there and differ: {names}", hint="give another --name, or --replace them"
        )
    for path, text in wanted.items():
        _write(project / path, text)
    return list(wanted)


def _write(target: Path, text: str) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    new = target.with_name(f".{target.name}.new")
    new.write_text(text, encoding="utf-8", newline="\n")
    new.replace(target)


def _lines(rows: Iterable[Mapping[str, Any]]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False, default=str) + "\n" for row in rows)


def _description(data: DataFile, text: str) -> dict[str, Any]:
    """What `datasets` says beside data: its tags, and where it came from."""
    steps = [{"step": "import", **{key: one[key] for key in one if key != "digest"}} for one in data.sources]
    sources = [
        {"path": str(one.get("file") or one.get("url") or one.get("id") or one.get("kind")), **_digest(one)}
        for one in data.sources
    ]
    written = {"step": "write", "rows": len(data.rows), "sha256": sha256(text.encode()).hexdigest()}
    about = {
        "tags": {str(key): str(value) for key, value in data.tags.items()},
        "provenance": {"origin": "import", "sources": sources, "steps": [*steps, written]},
    }
    return {key: value for key, value in about.items() if value}


def _digest(source: Mapping[str, Any]) -> dict[str, str]:
    digest = str(source.get("digest") or "").removeprefix("sha256:")
    return {"sha256": digest} if digest else {}


def _yaml(value: Any) -> str:
    return yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=120)
