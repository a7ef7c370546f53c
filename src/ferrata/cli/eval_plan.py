"""`ferrata eval plan`."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from ferrata.cli.eval_scores import Source, scores_in, source_options
from ferrata.cli.eval_words import number
from ferrata.cli.words import aligned, printable
from ferrata.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ferrata.stats import Pilot, Scores

__all__ = ["plan"]

# Below this, differences that are all the same differ by rounding alone.
_NOISE = 1e-12
_OPEN = click.FloatRange(0, 1, min_open=True, max_open=True)


class _Case(NamedTuple):
    """One design for one metric.

    Attributes:
        metric: its name; empty where numbers were given in the place of scores.
        design: `paired` or `unpaired`.
        pilot: what is known of its rows.
        rows: that there are today; None: nobody knows.
    """

    metric: str
    design: str
    pilot: Pilot
    rows: int | None


@click.command()
@click.argument("pilot", metavar="[RUN|FILE]", required=False)
@click.argument("other", metavar="[OTHER]", required=False)
@click.option("--effect", type=click.FloatRange(0, min_open=True), help="The difference that must not be overlooked.")
@click.option("--power", type=_OPEN, default=0.8, show_default=True, help="With which probability it is to be seen.")
@click.option("--alpha", type=_OPEN, default=0.05, show_default=True, help="Error of the test.")
@click.option("--non-inferiority", is_flag=True, help="--effect is the margin: a test to one side.")
@click.option("--rows", type=click.IntRange(2), help="What so many rows can see.  [default: those of the pilot]")
@click.option(
    "--sd", type=click.FloatRange(0, min_open=True), help="Without a pilot: standard deviation of the differences."
)
@click.option(
    "--discordance", type=_OPEN, help="Without a pilot, for 0 and 1: share of rows that come out differently."
)
@click.option("--rate", type=_OPEN, help="Without a pilot, for 0 and 1 and other rows in each run: the rate today.")
@click.option(
    "--correlation",
    type=click.FloatRange(-1, 1, max_open=True),
    default=0.5,
    show_default=True,
    help="Of a row's scores in two runs, where the pilot is one run.",
)
@click.option("--json", "wants_json", is_flag=True, help="Print JSON.")
@source_options
def plan(*, pilot: str | None, other: str | None, wants_json: bool, rows: int | None, **given: Any) -> None:
    """Say how many rows an evaluation needs to see a difference, and what today's rows can see.

    From a pilot: two runs (or files) over the same rows, or one; or from numbers that you know. Power is for the difference that
    you name, never for the one that was seen.
    """
    how = {name: given.pop(name) for name in ("effect", "power", "alpha", "non_inferiority")}
    known = {name: given.pop(name) for name in ("sd", "discordance", "rate")}
    correlation = given.pop("correlation")
    if any(value is not None and not math.isfinite(value) for value in (*known.values(), how["effect"])):
        raise UsageError("--effect and --sd must be numbers")
    if known["discordance"] is not None and (how["effect"] or 0) > known["discordance"]:
        raise UsageError(
            f"a difference of {how['effect']:g} takes that many rows to come out differently: more than --discordance says"
        )
    if how["power"] <= how["alpha"]:
        raise UsageError(f"a power of {how['power']:g} is no more than the error of {how['alpha']:g}")
    if pilot is None:
        cases = [_numbers(known)]
    elif any(value is not None for value in known.values()):
        raise UsageError("give a pilot, or --sd, --discordance or --rate, not both")
    else:
        found = scores_in(tuple(filter(None, (pilot, other))), Source(**given))
        cases = _of_two(*found) if other else _of_one(found[0], correlation)
    planned = [_planned(case, rows or case.rows, **how) for case in cases]
    if wants_json:
        click.echo(json.dumps({**how, "plans": planned}, indent=2))
        return
    _print(planned, **how)


def _numbers(known: dict[str, float | None]) -> _Case:
    from ferrata.stats import Pilot

    given = [(name, value) for name, value in known.items() if value is not None]
    if len(given) != 1:
        raise UsageError("give a pilot, or one of --sd, --discordance and --rate")
    ((name, value),) = given
    pilot = {
        "sd": Pilot(sd=value),
        "discordance": Pilot(discordance=value),
        "rate": Pilot(rate=value, paired=False),
    }[name]
    return _Case("", "unpaired" if name == "rate" else "paired", pilot, None)


def _of_two(before: Mapping[str, Scores], after: Mapping[str, Scores]) -> list[_Case]:
    from ferrata.stats import pilot_from

    shared = [name for name in before if name in after and len(before[name].keys) and len(after[name].keys)]
    if not shared:
        raise UsageError("there is no score in common")
    return [
        _Case(
            name,
            "paired",
            pilot_from(before[name], after[name]),
            len({*before[name].keys} & {*after[name].keys}),
        )
        for name in shared
    ]


def _of_one(scores: Mapping[str, Scores], correlation: float) -> list[_Case]:
    """Paired as the correlation says, and unpaired."""
    from ferrata.stats import Pilot

    cases: list[_Case] = []
    for of in scores.values():
        n = len(of.keys)
        if n < 2:
            continue
        mean = float(of.values.mean())
        if of.scale == "binary" and set(of.values.tolist()) <= {0.0, 1.0}:
            differing = 2 * mean * (1 - mean) * (1 - correlation)
            cases.append(_Case(of.metric, "paired", Pilot(discordance=differing), n))
            cases.append(_Case(of.metric, "unpaired", Pilot(rate=mean, paired=False), n))
        else:
            deviation = float(of.values.std(ddof=1))
            cases.append(_Case(of.metric, "paired", Pilot(sd=deviation * (2 * (1 - correlation)) ** 0.5), n))
            cases.append(_Case(of.metric, "unpaired", Pilot(sd=deviation, paired=False), n))
    if not cases:
        raise UsageError("a pilot needs two rows with a score")
    return cases


def _planned(
    case: _Case, rows: int | None, *, effect: float | None, power: float, alpha: float, non_inferiority: bool
) -> dict[str, Any]:
    from ferrata.stats import power_of, rows_needed, smallest_effect

    sided = 1 if non_inferiority else 2
    pilot = case.pilot
    found: dict[str, Any] = {"metric": case.metric, "design": case.design, "rows": rows}
    of_rates = pilot.discordance is not None or pilot.rate is not None
    if of_rates and (effect or 0) > 1:
        raise UsageError(f"scores of 0 and 1 cannot differ by {effect:g}")
    varies = (pilot.discordance or pilot.rate or pilot.sd) > (0 if of_rates else _NOISE)
    if not varies:
        note = "nothing varies in the pilot, so nothing can be planned from it"
        return {**found, "rows_needed": None, "smallest_detectable": None, "power": None, "note": note}
    found["rows_needed"] = None if effect is None else rows_needed(pilot, effect, power=power, alpha=alpha, sided=sided)
    found["smallest_detectable"] = (
        None if rows is None else smallest_effect(pilot, rows, power=power, alpha=alpha, sided=sided)
    )
    found["power"] = None if rows is None or effect is None else power_of(pilot, rows, effect, alpha=alpha, sided=sided)
    return found


def _print(
    planned: list[dict[str, Any]], *, effect: float | None, power: float, alpha: float, non_inferiority: bool
) -> None:
    what = "margin" if non_inferiority else "difference"
    sides = "one-sided" if non_inferiority else "two-sided"
    click.echo(f"error {alpha:g} ({sides}), power {power:g}" + ("" if effect is None else f", a {what} of {effect:g}"))
    if effect is None:
        click.echo(f"name the {what} that must not be overlooked for the rows it needs: --effect")
    rows = [
        ["score", "design", "rows needed", "rows today", f"smallest {what} they see", f"power for {number(effect)}"]
    ]
    for one in planned:
        rows.append(
            [
                printable(one["metric"]) or "-",
                one["design"],
                "-" if one["rows_needed"] is None else f"{one['rows_needed']:,}",
                "-" if one["rows"] is None else f"{one['rows']:,}",
                number(one["smallest_detectable"]),
                "-" if one["power"] is None else f"{one['power']:.0%}",
            ]
        )
    click.echo("\n".join(aligned(rows, right=(2, 3, 4, 5))))
    if effect is not None and any(one["rows_needed"] is None and "note" not in one for one in planned):
        click.echo(f"no number of rows to see {number(effect)} by: 10 million would not do")
    for one in planned:
        if "note" in one:
            click.echo(f"{printable(one['metric'])}: {one['note']}")
    if any(one["design"] == "unpaired" for one in planned):
        click.echo("unpaired: rows of each run")
