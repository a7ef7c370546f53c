"""What came of scouting, in a folder: result, report, and the change as a patch. Asks nobody."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from ferrata.errors import StoreUnavailable, UsageError
from ferrata.listing import folder_in_repository
from ferrata.scouts.proposal import entry_for, patch_of, switched
from ferrata.scouts.report import write_report
from ferrata.settings import FILE_NAME

if TYPE_CHECKING:
    from pathlib import Path

    from ferrata.scouts.types import ScoutResult

__all__ = ["keep_result"]


def keep_result(result: ScoutResult, *, root: Path, state: Path) -> tuple[Path, ScoutResult]:
    """Write result, report and, where a switch is recommended, the patch; the folder, and the result with its commands.

    Args:
        result: of one use case.
        root: the project's folder.
        state: the folder for local state, which is there.

    Raises:
        StoreUnavailable: it cannot be written.
    """
    moment = result.created.partition(".")[0].replace("-", "").replace(":", "")
    folder = state / "scout" / f"{moment}-{re.sub(r'[^A-Za-z0-9_.-]+', '-', result.use_case.name)}"
    patch = ""
    if result.recommended:
        patch, result = _proposed(root, result, f"{state.name}/scout/{folder.name}/proposal.patch")
    texts = {
        "result.json": json.dumps(result.as_json(), ensure_ascii=False, indent=2) + "\n",
        "report.md": write_report(result, patch),
        **({"proposal.patch": patch} if patch else {}),
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            partial = folder / f"{name}.part"
            partial.write_bytes(text.encode("utf-8", "replace"))
            partial.replace(folder / name)
    except OSError as error:
        raise StoreUnavailable(f"cannot write {str(folder)!r}: {error.strerror or error}") from None
    return folder, result


def _proposed(root: Path, result: ScoutResult, patch: str) -> tuple[str, ScoutResult]:
    candidate = next(one.candidate for one in result.outcomes if one.id == result.recommended)
    if candidate is None:
        return "", result
    case, path = result.use_case, root / FILE_NAME
    text = path.read_bytes().decode("utf-8")
    try:
        entry = entry_for(text, case.model, candidate.settings, declared=candidate.declared)
        diff = patch_of(text, switched(text, case.model, entry), folder=folder_in_repository(root))
    except UsageError as error:
        said = f"no patch was made: {error.message}; {error.hint}"
        return "", replace(result, notes=[*result.notes, said])
    run = next((one.measured.run for one in result.outcomes if one.incumbent and one.measured), "")
    baseline = f" --baseline {run}" if run and case.gate else ""
    test = f"ferrata gate {case.name}{baseline}" if case.gate else f"ferrata eval run {case.eval} --reuse"
    commands = [f"git apply --check {patch}", f"git apply {patch}", test, f"git apply -R {patch}  # back again"]
    return diff, replace(result, commands=commands)
