"""Drafts of versions, checked and with their digests, before anything is written. Knows no database."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from ferrata.assets.content import MOST_BYTES, check_paths, digest_of_content
from ferrata.errors import UsageError
from ferrata.store import sha256_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ferrata.assets.types import Draft

__all__ = ["Prepared", "one_text", "prepare"]

_WORD = re.compile(r"[A-Za-z][A-Za-z0-9._-]{0,99}")
_LONGEST_NAME = 200
_LONGEST_MESSAGE = 10_000


class Prepared(NamedTuple):
    """A draft whose content has its digests."""

    draft: Draft
    files: dict[str, str]
    digest: str

    @property
    def key(self) -> tuple[str, str]:
        """Kind and name."""
        return self.draft.ref.kind, self.draft.ref.name


def prepare(drafts: Sequence[Draft]) -> list[Prepared]:
    """Drafts with their digests, once everything in them is as it should be.

    Raises:
        UsageError: something is not, or two are of one asset.
    """
    prepared = [_prepared(draft) for draft in drafts]
    if len({item.key for item in prepared}) < len(prepared):
        raise UsageError("one asset twice in one call", hint="register its versions one after the other")
    return prepared


def _prepared(draft: Draft) -> Prepared:
    """A draft with its digests, once everything in it is as it should be."""
    ref = draft.ref
    if ref.version is not None or ref.alias is not None:
        raise UsageError(
            f"{str(ref)!r} names a version", hint=f"register as {ref.kind}/{ref.name}; it gets the next number"
        )
    if len(ref.name) > _LONGEST_NAME or len(ref.kind) > _LONGEST_NAME:
        raise UsageError(f"a name of {len(ref.name)} characters; at most {_LONGEST_NAME} fit")
    check_paths(draft.files)
    size = sum(map(len, draft.files.values()))
    if size > MOST_BYTES:
        raise UsageError(f"{ref}: {size:,} bytes are too many for one version; at most {MOST_BYTES:,} fit")
    for name, value in draft.labels.items():
        if not _WORD.fullmatch(name) or not value.isprintable() or len(value) > _LONGEST_MESSAGE:
            raise UsageError(f"not a label: {name}={value!r}", hint="write NAME=VALUE, of printable characters")
    for parent in draft.parents:
        if not _WORD.fullmatch(parent.role):
            raise UsageError(f"not a role of a parent: {parent.role!r}", hint="write a word, as prompt or dataset")
    files = {path: sha256_of(body) for path, body in draft.files.items()}
    draft = replace(draft, message=one_text(draft.message))
    return Prepared(draft, files, digest_of_content(ref.kind, files))


def one_text(text: str) -> str:
    """A message without the white space around it.

    Raises:
        UsageError: it is too long, or holds what cannot be printed.
    """
    if len(text) > _LONGEST_MESSAGE or not text.replace("\n", " ").replace("\t", " ").isprintable():
        raise UsageError("a message is a text of printable characters", hint=f"at most {_LONGEST_MESSAGE:,} of them")
    return text.strip()
