"""How `ferrata judge` shows a calibration: its figures as lines, its confusion as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ferrata.cli.eval_words import between, number
from ferrata.cli.words import aligned, counted, printable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ferrata.calibration import Calibration, JudgeStanding

__all__ = ["calibration_lines", "confusion_lines", "standing_line", "worst_lines"]

_BIASES = {
    "length": "bias by length",
    "flips": "verdicts that change with the order",
    "position": "preference for the first",
    "self-preference": "self-preference",
}


def standing_line(standing: JudgeStanding) -> str:
    """`may decide: ...`."""
    return f"{'may decide' if standing.may_decide else 'may not decide'}: {printable(standing.reason)}"


def calibration_lines(found: Calibration, standing: JudgeStanding) -> list[str]:
    """What was measured, and what follows of it."""
    lines = [f"{printable(found.name)}: {standing_line(standing)}", ""]
    limit = (
        "" if found.threshold is None else f", {'>=' if found.higher_is_better else '<='} {found.threshold:g} passes"
    )
    what = "pass and fail" if found.labels == "verdicts" else "the judge's scale"
    model = printable(found.model) or "-"
    rows: list[tuple[str, str]] = [
        ("judge", f"{printable(found.judge)}, score {printable(found.score)}, model {model}"),
        ("measured", f"{found.created[:10]}, digest {found.digest[:12]}" + (f", run {found.run}" if found.run else "")),
        ("labels", f"{counted(found.rows, 'row')}, {what}{limit}"),
    ]
    if found.missing:
        rows.append(("no score", f"{counted(found.lost, 'row')} of {found.rows + found.lost:,}"))
    if found.unlabelled:
        rows.append(("no label", counted(found.unlabelled, "row")))
    if found.undecided:
        total = found.undecided + found.rows + found.lost
        rows.append(
            ("undecided", f"{found.undecided:,} of {counted(total, 'row')}: people differ, and nobody has decided")
        )
    kind = "quadratic weighted kappa" if found.labels == "scale" else "kappa"
    rows += _agreement(kind, found.agreement)
    if found.verdicts is not None:
        rows += _agreement("pass or fail: kappa", found.verdicts)
    if found.people is not None:
        about = f"{found.people['annotators']} people, {counted(found.people['n'], 'row')} labelled by two or more"
        rows.append(("people among them", f"alpha {_with(found.people['alpha'], found.people['interval'])}; {about}"))
    if found.individual is not None:
        one = found.individual
        kappa = "not defined" if one["kappa"] is None else _with(one["kappa"], one["interval"])
        rows.append(
            ("judge and each of them", f"kappa {kappa}; {counted(one['n'], 'label')}, {counted(one['rows'], 'row')}")
        )
    error = found.mean_error
    rows.append(("judge less people", f"{_with(error['estimate'], error['interval'])} {error['unit']}"))
    rows += [(_BIASES.get(str(one["name"]), str(one["name"])), _bias(one)) for one in found.biases]
    lines += aligned(rows)
    lines += [f"missing {count:,} x {printable(why)}" for why, count in found.missing.items()]
    return lines + [printable(note) for note in found.notes]


def _agreement(name: str, about: Mapping[str, Any]) -> list[tuple[str, str]]:
    kappa: float | None = about["kappa"]
    rows = [(name, "not defined" if kappa is None else _with(kappa, about["interval"]))]
    if kappa is not None:
        rows.append(("same label", _rate(about["agreement"])))
    rows += [(what, _rate(about[what])) for what in ("sensitivity", "specificity") if what in about]
    return rows


def _rate(rate: Mapping[str, Any]) -> str:
    low, high = rate["interval"]
    return f"{rate['value']:.1%} ({low:.1%} to {high:.1%}) of {rate['n']:,}"


def _with(value: float | None, interval: Any) -> str:
    return number(value) if value is None or not interval else f"{number(value, interval)} ({between(interval)})"


def _bias(about: Mapping[str, Any]) -> str:
    p_value = "" if about["p_value"] is None else f", p {about['p_value']:.2g}"
    notes = "".join(f"; {note}" for note in about["notes"])
    return f"{_with(about['estimate'], about['interval'])} {about['unit']}{p_value}{notes}"


def confusion_lines(about: Mapping[str, Any]) -> list[str]:
    """Rows by the judge's label (down) and people's (across)."""
    names = [f"{label:g}" if isinstance(label, int | float) else str(label) for label in about["labels"]]
    cells = [["judge \\ people", *names]]
    cells += [[name, *map(str, row)] for name, row in zip(names, about["confusion"], strict=True)]
    return aligned(cells, right=range(1, len(names) + 1))


def worst_lines(found: Calibration, most: int) -> list[str]:
    """The rows on which judge and people are furthest apart."""
    worst = found.worst
    if not worst:
        return ["judge and people agree on every row"]
    words = {True: "pass", False: "fail", None: "-"}
    cells = [["row", "judge", "people"]]
    for pair in worst[:most]:
        people = words[bool(pair.label)] if found.labels == "verdicts" else f"{pair.label:g}"
        passed = f" {words[pair.passed]}" if pair.passed is not None else ""
        cells.append([printable(pair.key), f"{pair.value:g}{passed}", people])
    more = [f"and {len(worst) - most:,} more"] if len(worst) > most else []
    return aligned(cells) + more
