"""SARIF 2.1.0: the rules of a gate that did not pass, at their lines in the file that declares them."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from ferrata import __version__
from ferrata.gates.reports.words import headline, summary, weight
from ferrata.markup import sarif_location, sarif_of, sarif_roots, sarif_rule, sarif_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ferrata.gates.reports.base import Place
    from ferrata.gates.reports.words import Weight
    from ferrata.gates.types import GateResult

__all__ = ["write_sarif"]

_LEVELS: dict[Weight, str] = {"failed": "error", "undecided": "warning", "noted": "note"}
_VERDICT = "verdict"


def write_sarif(result: GateResult, place: Place) -> str:
    """The log. Results are the rules not passed, and the gate's own verdict where no rule of it says the same."""
    names = _names(result)
    results = list(_results(result, place, names))
    run = {
        "tool": {
            "driver": {
                "name": "Ferrata",
                "version": __version__,
                "rules": [
                    *(
                        _rule(result, name, one.rule.text, f"A rule of the gate {result.gate}: {one.rule.text}.")
                        for name, one in zip(names, result.rules, strict=True)
                    ),
                    _rule(
                        result,
                        sarif_text(f"{result.gate}/{_VERDICT}"),
                        "The verdict of all rules together.",
                        f"The gate {result.gate} passes where all of its rules that decide pass.",
                    ),
                ],
            }
        },
        "automationDetails": {"id": sarif_text(f"ferrata/gate/{result.gate}/")},
        "originalUriBaseIds": sarif_roots("The root of the repository."),
        "invocations": [{"executionSuccessful": True, **({"endTimeUtc": result.created} if result.created else {})}],
        "columnKind": "unicodeCodePoints",
        "results": results,
        "properties": {"verdict": result.verdict, "exitStatus": result.exit_status},
    }
    return json.dumps(sarif_of(run), indent=2, ensure_ascii=False) + "\n"


def _rule(result: GateResult, name: str, short: str, full: str) -> dict[str, Any]:
    how = "Its rules stand under `gates` in the project's file; `ferrata gate NAME` says what was measured, and on which rows."
    return sarif_rule(
        name,
        short=sarif_text(short),
        full=sarif_text(full),
        help_text=f"{sarif_text(f'The gate {result.gate}.')} {how}",
    )


def _names(result: GateResult) -> list[str]:
    """A name for each rule, which stays when other rules come and go; a second of the same kind has a number."""
    found: list[str] = []
    for one in result.rules:
        name = sarif_text(f"{result.gate}/{one.rule.metric}/{one.rule.kind}")
        again = sum(other == name or other.startswith(f"{name}/") for other in found)
        found.append(f"{name}/{again + 1}" if again else name)
    return found


def _results(result: GateResult, place: Place, names: list[str]) -> Iterator[dict[str, Any]]:
    weights: list[Weight] = [weight(result, one) for one in result.rules]
    for i, (one, of) in enumerate(zip(result.rules, weights, strict=True)):
        if of != "passed":
            text = ". ".join([summary(one), *(reason.rstrip(".") for reason in one.reasons)])
            yield _result(names[i], index=i, of=of, text=text, file=place.file, line=place.line(i))
    own = weight(result)
    if own != "passed" and own not in weights:
        text = ". ".join([headline(result), *(note.rstrip(".") for note in result.notes)])
        line = min(place.lines, default=None)
        yield _result(
            sarif_text(f"{result.gate}/{_VERDICT}"), index=len(names), of=own, text=text, file=place.file, line=line
        )


def _result(name: str, *, index: int, of: Weight, text: str, file: str, line: int | None) -> dict[str, Any]:
    return {
        "ruleId": name,
        "ruleIndex": index,
        # Also where undecided: a result of kind `open` has the level `none` (3.27.10), which code scanning does not show.
        "kind": "fail",
        "level": _LEVELS[of],
        "message": {"text": sarif_text(f"{text}.")},
        "locations": [sarif_location(file, line or 1)],
        "partialFingerprints": {"ferrataGate/v1": hashlib.sha256(name.encode()).hexdigest()[:32]},
    }
