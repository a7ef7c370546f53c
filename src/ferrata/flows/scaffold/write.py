"""Writes a small flow of a kind into a folder. The flows are data: `flows/KIND/`."""

from __future__ import annotations

from pathlib import Path

from ferrata.errors import Conflict, StoreUnavailable, UsageError

__all__ = ["FLOW_KINDS", "write_flow"]

# Kind -> what it is.
FLOW_KINDS = {
    "standard": "a graph of Python functions that sorts messages of customers",
    "chat": "a conversation with a model, under a connection's name",
    "evaluation": "grades answers line by line and counts over all lines",
    "flex": "one Python class",
}
_FLOWS = Path(__file__).parent / "flows"
# So that the linters and test runners of this project leave the flows' code alone.
_SUFFIX = ".txt"


def write_flow(folder: Path, kind: str) -> list[Path]:
    """Write a flow.

    Args:
        folder: where; made if it is not there.
        kind: of `FLOW_KINDS`.

    Returns:
        The files that were written.

    Raises:
        UsageError: there is no such kind.
        Conflict: a file is there already; nothing is written.
        StoreUnavailable: it cannot be written.
    """
    if kind not in FLOW_KINDS:
        raise UsageError(f"no kind of flow {kind!r}", hint=f"the kinds are {', '.join(FLOW_KINDS)}")
    sources = sorted((_FLOWS / kind).iterdir())
    targets = {source: folder / source.name.removesuffix(_SUFFIX) for source in sources if source.is_file()}
    taken = [target for target in targets.values() if target.exists()]
    if taken:
        raise Conflict(f"{str(taken[0])!r} is there already", hint="choose another folder")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for source, target in targets.items():
            target.write_text(source.read_text(encoding="utf-8"), encoding="utf-8")
    except OSError as error:
        raise StoreUnavailable(f"cannot write {str(folder)!r}: {error.strerror or error}") from None
    return list(targets.values())
