"""From a file to a prompt, whichever dialect it is written in."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ferrata.errors import UsageError
from ferrata.prompts.dialects.detect import detect_dialect
from ferrata.prompts.dialects.legacy import read_legacy
from ferrata.prompts.dialects.v2 import read_v2
from ferrata.prompts.references import References, refuse_link_out
from ferrata.prompts.source import read_source, split_source
from ferrata.prompts.types import DIALECTS, Prompt

if TYPE_CHECKING:
    from ferrata.prompts.source import Source
    from ferrata.prompts.types import Dialect

__all__ = ["parse_prompt", "read_prompt"]


def read_prompt(path: Path, *, root: Path | None = None, dialect: Dialect | None = None) -> Prompt:
    """Read a `.prompty` file.

    Args:
        path: the file. A link must lead to a file inside `root`; so must what lies in `root`, whatever folders on the way
            are links. A file outside of it that is no link is read.
        root: the project's folder, which no reference leaves; the file's own folder where it is not given.
        dialect: read it as this one; it is told by the keys where it is not given.

    Raises:
        NotFound: there is no such file.
        InvalidDocument: it is wrong; all mistakes with line and key. A link out of the project is.
        UsageError: there is no such dialect.
    """
    root = root or path.parent
    refuse_link_out(path, root=root)
    return _prompt(read_source(path), path=path, root=root, dialect=dialect)


def parse_prompt(
    text: str, *, path: Path = Path("prompt.prompty"), root: Path | None = None, dialect: Dialect | None = None
) -> Prompt:
    """The same of a text that lies in no file, or not in that version.

    Raises:
        InvalidDocument: it is wrong; all mistakes with line and key.
    """
    return _prompt(split_source(text, file=str(path)), path=path, root=root or path.parent, dialect=dialect)


def _prompt(source: Source, *, path: Path, root: Path, dialect: Dialect | None) -> Prompt:
    if dialect is not None and dialect not in DIALECTS:
        raise UsageError(f"no such dialect: {dialect!r}", hint=f"known are {', '.join(DIALECTS)}")
    found, why = (dialect, "asked for") if dialect else detect_dialect(source.header)
    references = References(source, folder=path.parent, root=root)
    fields: dict[str, Any] = (read_v2 if found == "prompty-v2" else read_legacy)(source, references)
    name = source.text_at("name") or source.text_at("displayName") or path.name.removesuffix(".prompty")
    description = source.text_at("description")
    _check_names(source, fields)
    source.check()
    return Prompt(
        path=path,
        root=root,
        name=name,
        description=description,
        dialect=found,
        why=why,
        body=source.body,
        body_line=source.body_line,
        header=source.header,
        text=source.text,
        files=tuple(dict.fromkeys(references.files)),
        notes=tuple(fields.pop("notes")),
        **fields,
    )


def _check_names(source: Source, fields: dict[str, Any]) -> None:
    seen: set[str] = set()
    for one in fields["inputs"]:
        if one.name in seen:
            source.wrong(("inputs",), f"{one.name!r} is declared twice")
        if not one.name.isidentifier() or one.name.startswith("_"):
            source.wrong(("inputs", one.name), f"{one.name!r} is no name of a variable")
        seen.add(one.name)
