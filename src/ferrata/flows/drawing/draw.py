"""A flow as a picture, in the form that is asked for. One form a module."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

from ferrata.errors import UsageError
from ferrata.flows.drawing.picture import picture_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from ferrata.flows.types import Flow

__all__ = ["draw_flow"]

_FORMS = {"text": "as_text", "mermaid": "as_mermaid", "svg": "as_svg"}


def draw_flow(flow: Flow, form: str = "text") -> str:
    """The picture of a flow.

    Args:
        flow: what its file says.
        form: `text`, `mermaid` or `svg`.

    Raises:
        UsageError: there is no such form.
    """
    if form not in _FORMS:
        raise UsageError(f"no form of picture {form!r}", hint=f"the forms are {', '.join(_FORMS)}")
    module: Any = import_module(f"ferrata.flows.drawing.{form}")
    return cast("Callable[..., str]", getattr(module, _FORMS[form]))(picture_of(flow))
