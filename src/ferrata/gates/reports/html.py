"""A gate's result as one self-contained HTML page. What came from rows and models is hostile: all of it is escaped."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from ferrata import __version__
from ferrata.gates.reports import charts, words
from ferrata.markup import page_environment, percent

if TYPE_CHECKING:
    from jinja2 import Environment

    from ferrata.gates.reports.base import Place
    from ferrata.gates.reports.charts import Histogram, IntervalPicture
    from ferrata.gates.reports.words import Weight
    from ferrata.gates.types import GateResult, RuleResult

__all__ = ["write_html"]

_ROWS = 50


class RuleView(NamedTuple):
    """A rule's result with its pictures."""

    result: RuleResult
    weight: Weight
    picture: IntervalPicture | None
    histograms: list[Histogram]


def write_html(result: GateResult, _place: Place) -> str:
    """The page: verdict, rules with pictures, rows that changed most, where it comes from."""
    views = [
        RuleView(one, words.weight(result, one), charts.interval_picture(one), charts.histograms(one))
        for one in result.rules
    ]
    return (
        _environment()
        .get_template("gate.html.jinja")
        .render(
            g=result,
            title=words.headline(result),
            weight=words.weight(result),
            views=views,
            changes=result.changes[:_ROWS],
            directions=[words.changed(result, one) for one in result.changes[:_ROWS]],
            provenance=_provenance(result),
            version=__version__,
        )
    )


def _provenance(result: GateResult) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for name, one in (("Candidate", result.candidate), ("Baseline", result.baseline)):
        if one is not None:
            found += [
                (name, one.target or "not known"),
                (f"{name}'s digest", one.digest or "not known"),
                (f"{name}'s run", one.run),
                (f"{name}'s versions", ", ".join(one.versions) or "none"),
            ]
    return [
        *found,
        ("Data", f"{result.dataset or 'not known'}, {result.rows:,} rows"),
        ("Digest of the data", result.dataset_digest or "not known"),
        ("Digest of the gate's declaration", result.settings_digest or "not known"),
        ("Alpha", f"{result.alpha:g}: at most, the probability that it passes though a rule is broken"),
        ("Correction over the rules", result.correction),
        ("Seed", str(result.seed)),
        ("Inconclusive", f"policy {result.on_inconclusive}"),
        ("Exit status", str(result.exit_status)),
    ]


@cache
def _environment() -> Environment:
    made = page_environment(Path(__file__).parent / "templates")
    filters = cast("dict[str, Any]", made.filters)
    filters |= {"between": words.between, "number": words.number, "percent": percent, "p": words.probability}
    cast("dict[str, Any]", made.globals).update(signs=words.SIGNS, verdicts=words.VERDICTS)
    return made
