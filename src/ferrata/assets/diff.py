"""How two versions differ: as text, file by file, and as meaning, field by field.

What a kind's files mean is told by whoever knows the kind (`meaning`); without that, JSON files are read as fields. Knows no
database.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, cast

__all__ = ["Change", "Difference", "Meaning", "compare_versions", "meaning_of_json"]

Meaning = Callable[[Mapping[str, bytes]], Mapping[str, object]]
"""From the files of a version to what they mean: fields by name, each a JSON value."""

_DEEPEST = 50
_MOST_LINES = 20_000


class Change(NamedTuple):
    """A field whose value is another one; None stands for a field that is not there."""

    field: str
    before: object
    after: object


@dataclass(frozen=True)
class Difference:
    """What differs from one version to another.

    Attributes:
        texts: a unified diff for each file that differs, by path; for one that is no text, a sentence.
        changes: the fields that differ, by name.
    """

    texts: Mapping[str, str]
    changes: tuple[Change, ...]

    def as_json(self) -> dict[str, object]:
        """The difference as a JSON object."""
        changes = [{"field": c.field, "before": c.before, "after": c.after} for c in self.changes]
        return {"same": not self.texts, "files": dict(self.texts), "changes": changes}


def compare_versions(
    before: Mapping[str, bytes],
    after: Mapping[str, bytes],
    *,
    names: tuple[str, str],
    meaning: Meaning | None = None,
) -> Difference:
    """The difference between the files of two versions.

    Args:
        before: path -> body.
        after: path -> body.
        names: what the two are called in the text.
        meaning: what files of this kind mean; JSON files as fields if None.
    """
    texts = {
        path: _text_diff(path, before.get(path), after.get(path), names=names)
        for path in sorted({*before, *after})
        if before.get(path) != after.get(path)
    }
    read = meaning or meaning_of_json
    old, new = read(before), read(after)
    changes = [
        Change(field, old.get(field), new.get(field))
        for field in sorted({*old, *new})
        if old.get(field) != new.get(field) or (field in old) != (field in new)
    ]
    return Difference(texts, tuple(changes))


def meaning_of_json(files: Mapping[str, bytes]) -> dict[str, object]:
    """The fields of the JSON files: `model.json: limits.tokens` -> value. Lists are values; what is no JSON is left out."""
    found: dict[str, object] = {}
    for path, body in sorted(files.items()):
        if path.endswith(".json"):
            try:
                value: object = json.loads(body)
            except (ValueError, RecursionError):
                continue
            found |= {f"{path}: {name}" if name else path: field for name, field in _fields(value, "", 0)}
    return found


def _fields(value: object, name: str, depth: int) -> list[tuple[str, object]]:
    if not isinstance(value, dict) or not value or depth > _DEEPEST:
        return [(name, value)]
    found: list[tuple[str, object]] = []
    for key, item in cast("dict[str, Any]", value).items():
        found += _fields(item, f"{name}.{key}" if name else key, depth + 1)
    return found


def _text_diff(path: str, before: bytes | None, after: bytes | None, *, names: tuple[str, str]) -> str:
    try:
        old, new = ((body or b"").decode().splitlines() for body in (before, after))
    except UnicodeDecodeError:
        sizes = [f"{len(body):,} bytes" if body is not None else "not there" for body in (before, after)]
        return f"{path} is no text: {sizes[0]} in {names[0]}, {sizes[1]} in {names[1]}\n"
    if len(old) + len(new) > _MOST_LINES:
        return f"{path} has {len(old):,} lines in {names[0]} and {len(new):,} in {names[1]}: too many to compare\n"
    shown = [
        f"{name}/{path}" if body is not None else "(none)" for name, body in zip(names, (before, after), strict=True)
    ]
    lines = difflib.unified_diff(old, new, shown[0], shown[1], lineterm="")
    text = "".join(f"{line}\n" for line in lines)
    return text or f"{path} differs in its line ends only\n"
