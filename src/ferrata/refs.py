"""References to assets: `prompt/support@3` (a version) and `prompt/support@production` (an alias).

Knows nothing of which assets exist.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ferrata.errors import UsageError

__all__ = ["Ref", "check_kind"]

_REF = re.compile(
    r"^(?P<kind>[a-z][a-z0-9_-]*)/(?P<name>[A-Za-z0-9][A-Za-z0-9._/-]*)(?:@(?P<at>[A-Za-z0-9][A-Za-z0-9._-]*))?$"
)
_KIND = re.compile(r"[a-z][a-z0-9_-]*")


def check_kind(text: str) -> None:
    """Refuse what cannot stand before the `/` of a reference.

    Raises:
        UsageError: the text is no kind of an asset.
    """
    if _KIND.fullmatch(text) is None:
        raise UsageError(f"no kind of an asset: {text!r}", hint="write one as prompt, model or flow")


@dataclass(frozen=True)
class Ref:
    """A kind, a name and, after `@`, a version number or an alias (or neither).

    Attributes:
        kind: what it is: `prompt`, `model`, `dataset`, ...
        name: its name; may hold `/`.
        version: the version, 1 or more, or None.
        alias: the alias, or None.
    """

    kind: str
    name: str
    version: int | None = None
    alias: str | None = None

    @classmethod
    def parse(cls, text: str) -> Ref:
        """Read `kind/name`, `kind/name@3` or `kind/name@alias`.

        Raises:
            UsageError: the text is not a reference.
        """
        match = _REF.fullmatch(text)
        at = match["at"] if match else None
        if match is None or (at is not None and at.isdigit() and int(at) < 1):
            raise UsageError(
                f"not a reference: {text!r}", hint="write KIND/NAME@VERSION or KIND/NAME@ALIAS, as in prompt/support@3"
            )
        if at is None:
            return cls(match["kind"], match["name"])
        if at.isdigit():
            return cls(match["kind"], match["name"], version=int(at))
        return cls(match["kind"], match["name"], alias=at)

    def __str__(self) -> str:
        at = self.version if self.version is not None else self.alias
        return f"{self.kind}/{self.name}" + (f"@{at}" if at is not None else "")
