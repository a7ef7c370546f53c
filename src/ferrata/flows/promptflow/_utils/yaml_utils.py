"""YAML as user code reads and writes it."""

from __future__ import annotations

from io import StringIO
from os import PathLike
from pathlib import Path
from typing import IO, Any, cast

import yaml

__all__ = ["dump_yaml", "load_yaml", "load_yaml_string"]


def load_yaml(source: str | PathLike[str] | IO[str] | None) -> Any:
    """The document in a file, given by its path or open; an empty dictionary if there is none to read."""
    if source is None:
        return {}
    if isinstance(source, str | PathLike):
        return load_yaml_string(Path(cast("PathLike[str]", source)).read_text(encoding="utf-8"))
    return load_yaml_string(source.read())


def load_yaml_string(yaml_string: str) -> Any:
    """The document in a text."""
    return yaml.safe_load(yaml_string)


def dump_yaml(data: Any, stream: IO[str] | None = None, **kwargs: Any) -> str | None:
    """A document as text, or into an open file."""
    out = StringIO() if stream is None else stream
    yaml.safe_dump(data, out, allow_unicode=True, sort_keys=False, **kwargs)
    return out.getvalue() if isinstance(out, StringIO) and stream is None else None
