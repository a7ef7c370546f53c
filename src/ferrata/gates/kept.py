"""Results of gates that were decided, one file each, and what the ledger says of them. Knows no score."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from ferrata.errors import NotFound, StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path

    from ferrata.assets import Ledger
    from ferrata.gates.types import GateResult

__all__ = ["Decided", "keep_result", "kind_of", "last_pass", "record_of", "verdict_of"]

_RULE = ("metric", "text", "verdict", "deciding", "n", "estimate", "interval", "p_adjusted")


class Decided(NamedTuple):
    """A verdict, as the ledger has it.

    Attributes:
        verdict: pass, fail or inconclusive.
        waived: a person let it pass all the same.
        run: of the candidate.
        at: when.
        seq: number of the record.
    """

    verdict: str
    waived: bool
    run: str
    at: datetime
    seq: int


def keep_result(result: GateResult, folder: Path) -> Path:
    """Write a result to the folder of all results, whole or not at all.

    Raises:
        StoreUnavailable: it cannot be written.
    """
    name = re.sub(r"[^A-Za-z0-9_.-]+", "-", result.candidate.run).strip("-.") or "candidate"
    path = folder / result.gate / f"{name}.json"
    partial = path.with_suffix(".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(
            json.dumps(result.as_json(), ensure_ascii=False, indent=2) + "\n", encoding="utf-8", errors="replace"
        )
        partial.replace(path)
    except OSError as error:
        raise StoreUnavailable(f"cannot write {str(path)!r}: {error.strerror or error}") from None
    return path


def last_pass(gate: str, folder: Path) -> str:
    """The candidate's run of a gate's last pass.

    Raises:
        NotFound: it never passed here.
    """
    newest, run = "", ""
    for path in (folder / gate).glob("*.json") if (folder / gate).is_dir() else ():
        try:
            found: Any = json.loads(path.read_text(encoding="utf-8"))
            created, name = str(found["created"]), str(found["candidate"]["run"])
        except (OSError, ValueError, KeyError, TypeError):
            continue
        if found.get("verdict") == "pass" and created >= newest:
            newest, run = created, name
    if not run:
        raise NotFound(
            f"the gate {gate!r} has not passed here yet", hint=f"begin with: ferrata gate {gate} --baseline RUN"
        )
    return run


def verdict_of(ledger: Ledger, gate: str, target_digest: str, *, settings_digest: str) -> Decided | None:
    """The last verdict of a gate, as it is declared now, on exactly one target; None where it was never decided.

    Args:
        ledger: of the project.
        gate: its name.
        target_digest: of what was judged; empty is nobody's.
        settings_digest: of the gate's declaration, as `gating.gate_digest` gives it.
    """
    if not target_digest:
        return None
    for record in ledger.records(action="gate.decided", project=ledger.project, newest_first=True):
        said = cast("dict[str, Any]", record.payload)
        wanted = (gate, target_digest, settings_digest)
        if (said.get("gate"), said.get("target_digest"), said.get("settings_digest")) == wanted:
            return Decided(said["verdict"], bool(said["waived"]), str(said.get("run") or ""), record.at, record.seq)
    return None


def kind_of(target: str) -> str:
    """prompt, flow, model, function or url, by a target's name; `data` where the data had the responses."""
    place, colon, _ = target.partition(":")
    if not target:
        return "data"
    if target.startswith(("http://", "https://")):
        return "url"
    if target.startswith("model:"):
        return "model"
    if target.startswith("prompt/") or target.endswith(".prompty"):
        return "prompt"
    return "function" if colon and (place.endswith(".py") or "/" not in place) else "flow"


def record_of(result: GateResult, evaluators: Mapping[str, str]) -> dict[str, Any]:
    """What the ledger is told of a verdict, as `gate.decided` has it.

    Args:
        result: of the gate.
        evaluators: alias -> digest, of the candidate's run.
    """
    new, old = result.candidate, result.baseline
    found: dict[str, Any] = {
        "verdict": result.verdict,
        "subject_kind": kind_of(new.target),
        "baseline": old is not None,
        "waived": bool(result.waived),
        "gate": result.gate,
        "target": new.target,
        "target_digest": new.digest,
        "run": new.run,
        "dataset": result.dataset,
        "dataset_digest": result.dataset_digest,
        "rows": result.rows,
        "evaluators": dict(evaluators),
        "settings_digest": result.settings_digest,
        "rules": [{key: one[key] for key in _RULE} for one in result.as_json()["rules"]],
    }
    if old is not None:
        found |= {"baseline_target": old.target, "baseline_digest": old.digest, "baseline_run": old.run}
    return found | ({"reason": result.waived} if result.waived else {})
