"""What every SARIF 2.1.0 log has: its head, places in a repository, texts without embedded links. Knows no finding."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from ferrata.markup.texts import one_line

__all__ = ["sarif_location", "sarif_of", "sarif_roots", "sarif_text"]

_ROOT = "%SRCROOT%"
_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def sarif_of(run: dict[str, Any]) -> dict[str, Any]:
    """A log of one run."""
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}


def sarif_roots(about: str) -> dict[str, Any]:
    """What a run says of the folder that places are relative to."""
    return {_ROOT: {"description": {"text": about}}}


def sarif_location(file: str, line: int | None = None) -> dict[str, Any]:
    """A place in the repository; each character outside of the unreserved ones is percent-encoded, so `a:b` is no scheme."""
    place: dict[str, Any] = {"artifactLocation": {"uri": quote(file, safe="/", errors="replace"), "uriBaseId": _ROOT}}
    return {"physicalLocation": place if line is None else place | {"region": {"startLine": line}}}


def sarif_text(text: str) -> str:
    """One line in which nothing is an embedded link (`[text](target)`, SARIF 3.11.6)."""
    return one_line(text).replace("](", "] (")
