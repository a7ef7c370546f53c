"""Images in the rows of a run: files in the run's folder, and their names in the records."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from ferrata.flows.data import as_data

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["persisted_in"]

_FOLDER = "images"


def persisted_in(folder: Path, *, vision: bool) -> Callable[[Any], Any]:
    """What makes of a value without a form in JSON one that has it.

    An image becomes the name of a file that is written, relative to `folder`; others become what `as_data` makes of them.

    Args:
        folder: the run's.
        vision: the flow has the `message_format` openai-vision.
    """
    return partial(_persist, folder, vision)


def _persist(folder: Path, vision: bool, value: Any) -> Any:
    if hasattr(value, "to_base64"):
        from ferrata.flows.images import images_as_files

        return images_as_files(value, folder, inside=_FOLDER, vision=vision)
    return as_data(value)
