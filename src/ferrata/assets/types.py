"""What the registry holds and gives. Knows no database."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from ferrata.refs import Ref

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["AssetRow", "Draft", "Move", "Parent", "Registered", "Version"]


class Parent(NamedTuple):
    """A version that another came from, and as what: `prompt`, `model`, `dataset`, `run`, ..."""

    role: str
    ref: Ref


@dataclass(frozen=True)
class Version:
    """One version of an asset; it never changes.

    Attributes:
        kind: `prompt`, `model`, `dataset`, ...
        name: the asset's name.
        number: from 1; never given twice for a name.
        digest: SHA-256 over kind, paths and bodies: the same content has the same digest.
        files: path -> SHA-256 of the body.
        author: who registered it; of an imported one, whoever did so first.
        at: when, as `clock.format_time`.
        message: why.
        labels: texts by name.
        parents: the versions that it came from.
    """

    kind: str
    name: str
    number: int
    digest: str
    files: Mapping[str, str]
    author: str
    at: str
    message: str
    labels: Mapping[str, str]
    parents: tuple[Parent, ...]

    @property
    def ref(self) -> Ref:
        """`kind/name@number`."""
        return Ref(self.kind, self.name, version=self.number)

    def as_json(self) -> dict[str, object]:
        """The version as a JSON object, without bodies."""
        return {
            "ref": str(self.ref),
            "digest": self.digest,
            "files": dict(self.files),
            "author": self.author,
            "at": self.at,
            "message": self.message,
            "labels": dict(self.labels),
            "parents": [{"role": parent.role, "ref": str(parent.ref)} for parent in self.parents],
        }


class Registered(NamedTuple):
    """What registering gave: the version that has the content, and whether it is a new one."""

    version: Version
    new: bool


@dataclass(frozen=True)
class Draft:
    """A version that is to be registered.

    Attributes:
        ref: `kind/name`.
        files: path -> body.
        message: why.
        labels: texts by name.
        parents: the versions that it came from, each with its number.
        expect: the number of the newest version that the writer saw (0: none); None: whatever there is.
        author: who made it; None: who registers it.
    """

    ref: Ref
    files: Mapping[str, bytes]
    message: str = ""
    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    parents: tuple[Parent, ...] = ()
    expect: int | None = None
    author: str | None = None


class AssetRow(NamedTuple):
    """An asset in a list: its newest version, and what its aliases point to."""

    kind: str
    name: str
    number: int
    author: str
    at: str
    message: str
    aliases: Mapping[str, int]

    def as_json(self) -> dict[str, object]:
        """The row as a JSON object."""
        return {**self._asdict(), "aliases": dict(self.aliases), "asset": f"{self.kind}/{self.name}"}


class Move(NamedTuple):
    """One entry of an alias's history.

    Attributes:
        alias: `kind/name@alias`.
        before: the number that it pointed to; None: it was new.
        to: the number that it points to since; None: it was removed.
        actor: who moved it.
        at: when, as `clock.format_time`.
        why: the reason given.
        back: whether it was a rollback.
    """

    alias: str
    before: int | None
    to: int | None
    actor: str
    at: str
    why: str
    back: bool

    def as_json(self) -> dict[str, object]:
        """The entry as a JSON object; `from` is the number before."""
        values = self._asdict()
        return {"alias": values.pop("alias"), "from": values.pop("before"), **values}
