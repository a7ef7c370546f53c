"""What `run.json` in a run's folder holds, read with care: people edit files. Knows nothing of the records of rows."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

from ferrata.errors import NotFound, StoreUnavailable
from ferrata.runs.status import Status

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["DOCUMENT", "FORMAT", "read_document"]

DOCUMENT = "run.json"
FORMAT = 1


def read_document(path: Path, kinds: Mapping[str, type | tuple[type, ...]]) -> dict[str, Any]:
    """The `run.json` of a run's folder.

    Args:
        path: the folder.
        kinds: what each key must be, where it is there and not null.

    Raises:
        NotFound: it has none.
        StoreUnavailable: it cannot be read, or does not hold what a run's does.
    """
    file = path / DOCUMENT
    try:
        document: Any = json.loads(file.read_bytes())
    except FileNotFoundError:
        raise NotFound(f"there is no run {path.name!r}") from None
    except (OSError, ValueError, RecursionError) as error:
        raise StoreUnavailable(f"cannot read {str(file)!r}: {error}") from None
    known = cast("dict[str, Any]", document) if isinstance(document, dict) else dict[str, Any]()
    written = known.get("format")
    if isinstance(written, int) and written > FORMAT:
        raise StoreUnavailable(
            f"{str(file)!r} is of a newer Ferrata: its format is {written}, and this one knows {FORMAT}",
            hint="install that version, or a newer one",
        )
    if written != FORMAT:
        raise StoreUnavailable(f"{str(file)!r} is not of a run that this version knows")
    wrong = [key for key, kind in kinds.items() if known.get(key) is not None and not isinstance(known[key], kind)]
    if not isinstance(known.get("name"), str):
        wrong.append("name")
    if known.get("status", Status.RUNNING) not in list(Status):
        wrong.append("status")
    if wrong:
        found = ", ".join(f"{key!r} is {known.get(key)!r}" for key in wrong)
        raise StoreUnavailable(
            f"{str(file)!r} is damaged: {found}", hint=f"correct it, or remove the folder {str(path)!r}"
        )
    return known
