"""What every SARIF 2.1.0 log has: its head, rules, places in a repository, names of results, texts without embedded links.

GitHub asks for more than the format does: a short and a full description and a help of every rule, of 1,024 characters at most,
and paths from the repository's root. Knows no finding.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ferrata.markup.texts import one_line

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["sarif_fingerprints", "sarif_location", "sarif_of", "sarif_roots", "sarif_rule", "sarif_text"]

_ROOT = "%SRCROOT%"
_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_MOST_DESCRIPTION = 1024


def sarif_of(run: dict[str, Any]) -> dict[str, Any]:
    """A log of one run."""
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}


def sarif_roots(about: str) -> dict[str, Any]:
    """What a run says of the folder that places are relative to."""
    return {_ROOT: {"description": {"text": about}}}


def sarif_rule(name: str, *, short: str, full: str, help_text: str) -> dict[str, Any]:
    """A rule with all that GitHub asks for; descriptions longer than it takes are cut."""
    return {
        "id": name,
        "shortDescription": {"text": _cut(short)},
        "fullDescription": {"text": _cut(full)},
        "help": {"text": help_text},
    }


def _cut(text: str) -> str:
    return text if len(text) <= _MOST_DESCRIPTION else f"{text[: _MOST_DESCRIPTION - 1]}…"


def sarif_fingerprints(found: Sequence[tuple[Sequence[str], int]]) -> list[str]:
    """A name for each result that stays when lines move: its key (rule, file, message), and the how-manieth of that key it is.

    Args:
        found: keys and lines.
    """
    names = [""] * len(found)
    seen: Counter[str] = Counter()
    for i in sorted(range(len(found)), key=lambda i: (found[i][1], i)):
        key = json.dumps(list(found[i][0]))
        seen[key] += 1
        names[i] = f"{hashlib.sha256(key.encode()).hexdigest()[:32]}:{seen[key]}"
    return names


def sarif_location(file: str, line: int | None = None) -> dict[str, Any]:
    """A place in the repository; each character outside of the unreserved ones is percent-encoded, so `a:b` is no scheme."""
    place: dict[str, Any] = {"artifactLocation": {"uri": quote(file, safe="/", errors="replace"), "uriBaseId": _ROOT}}
    return {"physicalLocation": place if line is None else place | {"region": {"startLine": line}}}


def sarif_text(text: str) -> str:
    """One line in which nothing is an embedded link (`[text](target)`, SARIF 3.11.6)."""
    return one_line(text).replace("](", "] (")
