"""Texts of errors without the secrets that this process has been told of: what a project's models and connections name.

An exception of somebody's code, or a vendor's words, may repeat a key; what is kept, printed or sent on says `***` instead. Knows
no settings and no vendor: whoever resolves a secret tells of it. Knows nothing of a secret in another form, as in base64.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["hide_secrets", "tell_secret", "tell_variables"]

_HIDDEN = "***"
# A shorter text is in too many words by chance.
_LEAST = 4
_values: set[str] = set()
_variables: set[str] = set()
_asked: list[Callable[[], Iterable[str]]] = []


def tell_secret(value: str) -> None:
    """Hide this value from now on, where it has at least 4 characters."""
    if len(value.strip()) >= _LEAST:
        _values.add(value.strip())


def tell_variables(names: Iterable[str] | Callable[[], Iterable[str]]) -> None:
    """Hide what these environment variables hold when a text is looked at.

    Args:
        names: of the variables; or what gives them, which is asked when the first text is looked at.
    """
    if callable(names):
        _asked.append(names)
    else:
        _variables.update(names)


def hide_secrets(text: str, *more: str) -> str:
    """The text with `***` for each secret that was told of, also as `repr` or an address writes it.

    Args:
        text: as of an error.
        more: further secrets.
    """
    while _asked:
        _variables.update(_asked.pop()())
    held = (os.environ.get(name, "").strip() for name in _variables)
    secrets = {one for one in (*_values, *held, *more) if len(one) >= _LEAST}
    for secret in sorted(secrets, key=len, reverse=True):
        for written in (secret, repr(secret)[1:-1], quote(secret, safe="")):
            text = text.replace(written, _HIDDEN)
    return text
