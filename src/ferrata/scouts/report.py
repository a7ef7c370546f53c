"""The report on what was tried, as Markdown. Names and texts of others are made harmless in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ferrata.markup import code, escaped, when
from ferrata.scouts.types import grouped

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ferrata.scouts.types import Measured, Outcome, ScoutResult

__all__ = ["write_report"]

_MOST = 30


def write_report(result: ScoutResult, patch: str = "") -> str:
    """Recommendation, table, front, reasons, what was not tried, and how to apply the proposal."""
    return "\n".join(_parts(result, patch)) + "\n"


def _parts(result: ScoutResult, patch: str) -> Iterator[str]:
    case = result.use_case
    yield from (f"# Models for {code(case.name)}", "", f"**{escaped(result.why)}**", "")
    spent = "" if result.cost is None else f" This run spent ${result.cost:.4f}."
    yield f"Quality is {code(result.metric)} on {code(result.dataset or 'the data')}, {escaped(when(result.created))}.{spent}"
    yield ""
    yield "| model | quality (95 %) | difference from the incumbent (95 %) | p, Holm | $ for 1,000 | p50, s | p95, s | gate | front |"
    yield "| --- | --- | --- | --- | --- | --- | --- | --- | --- |"
    for one in result.outcomes:
        if one.measured is not None:
            yield _row(one, one.measured)
    yield ""
    yield (
        "A model is off the front where another is not shown to be worse in quality (95 % interval of the paired difference, ten rows"
        " and more), costs no more (to 5 %), is not slower (medians to 5 %, and beyond their 95 % intervals), and is better in one of"
        " them."
    )
    yield from _why(result)
    if result.passed_over:
        yield from ("", "## Not tried", "")
        for line in grouped(result.passed_over)[:_MOST]:
            yield f"- {escaped(line)}"
    if result.notes:
        yield from ("", "## To know", "", *(f"- {escaped(note)}" for note in result.notes))
    if patch:
        yield from ("", "## The change", "", "```diff", patch.rstrip("\n").replace("```", "'''"), "```", "")
        yield from ("Test it and apply it:", "", "```sh", *result.commands, "```")


def _row(one: Outcome, measured: Measured) -> str:
    mean = measured.estimate
    quality = f"{mean.value:.3g} [{mean.interval.low:.3g}, {mean.interval.high:.3g}]"
    difference = "-"
    if one.difference is not None:
        of = one.difference
        difference = f"{of.difference:+.3g} [{of.interval.low:+.3g}, {of.interval.high:+.3g}], {one.shown()}"
    cells = [
        code(one.id, cell=True) + (" (incumbent)" if one.incumbent else ""),
        quality + (f", {measured.failed:,} of {measured.rows:,} rows failed" if measured.failed else ""),
        difference,
        "-" if one.p_adjusted is None else f"{one.p_adjusted:.2g}",
        *("?" if n is None else f"{n:.4g}" for n in (measured.per_1000,)),
        *("?" if n is None else f"{n:.3g}" for n in (measured.p50, measured.p95)),
        one.verdict or "-",
        "yes" if one.on_front else f"no: {', '.join(code(name, cell=True) for name in one.dominated_by)}",
    ]
    return f"| {' | '.join(cells)} |"


def _why(result: ScoutResult) -> Iterator[str]:
    yield from ("", "## Why these", "")
    for one in result.outcomes:
        if one.candidate is not None:
            yield f"- {code(one.id)}: {escaped('; '.join(one.candidate.reasons))}"
        if one.left_out:
            yield f"- {code(one.id)} was left out: {escaped(one.left_out)}"
        if one.reasons and one.verdict != "pass":
            yield from (f"  - gate: {escaped(reason)}" for reason in one.reasons[:4])
