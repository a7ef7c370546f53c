"""Text in Markdown, as GitHub, GitLab and Azure DevOps show it: nothing in it becomes markup, a link, a mention or a reference."""

from __future__ import annotations

import re

from ferrata.markup.texts import shortened

__all__ = ["code", "escaped"]

_MOST_MESSAGE, _MOST_PLACE = 240, 120
_SYNTAX = re.compile(r"([\\`*_\[\]#|~$])")
_BLOCK = re.compile(r"^(\d*)([-+=.)])")
_NOTHING = "<!-- -->"
# `!12` is a merge request and `%3` a milestone of GitLab's, `GH-12` an issue of GitHub's.
_REFERENCES = re.compile(r"([!%](?=\w)|\b[Gg][Hh]-(?=\d))")


def escaped(text: str, most: int = _MOST_MESSAGE) -> str:
    """Text that shows as it is: no markup, HTML, link, mention or issue reference comes of it, in a table or out of it."""
    safe = _SYNTAX.sub(r"\\\1", shortened(text, most).replace("&", "&amp;"))
    safe = _BLOCK.sub(r"\1\\\2", safe)
    safe = safe.replace("<", "&lt;").replace(">", "&gt;").replace("://", f":{_NOTHING}//")
    # A forge looks for these in the finished text, past all escapes; an empty comment parts them.
    safe = safe.replace("@", f"@{_NOTHING}").replace("\\#", f"\\#{_NOTHING}")
    safe = _REFERENCES.sub(rf"\1{_NOTHING}", safe)
    return re.sub(r"(?i)\b(www)\.", rf"\1{_NOTHING}.", safe)


def code(text: str, *, cell: bool = False) -> str:
    """A code span with a fence longer than any run of backticks inside; for a table's `cell`, with its pipes escaped."""
    line = shortened(text, _MOST_PLACE)
    fence = "`" * (max((len(run) for run in re.findall("`+", line)), default=0) + 1)
    pad = " " if line.startswith("`") or line.endswith("`") else ""
    span = f"{fence}{pad}{line}{pad}{fence}"
    return span.replace("|", "\\|") if cell else span
