"""`ferrata review new`."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ferrata.cli.words import counted, printable
from ferrata.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ferrata.app import App
    from ferrata.reviews import Draft, Review

__all__ = ["new"]

_RULES = ["random", "disagreement", "low-confidence", "failed"]


@click.command()
@click.argument("name")
@click.argument("run", required=False)
@click.option("--rows", "count", type=click.IntRange(1), default=50, show_default=True, help="So many rows.")
@click.option(
    "--by",
    "rules",
    multiple=True,
    type=click.Choice(_RULES),
    help="How rows are chosen; several share the rows. random, if not given.",
)
@click.option("--question", default="", help="What is asked of each row.")
@click.option("--instructions", default="", help="How to judge; shown at the beginning.")
@click.option("--scale", help="pass-fail, a range as 1-5, or labels as correct,partly,wrong. pass-fail, if not given.")
@click.option("--annotators", type=click.IntRange(1, 100), default=1, show_default=True, help="People per row.")
@click.option(
    "--seed", type=click.IntRange(0, 2**62), default=0, show_default=True, help="Of the choice and of orders."
)
@click.option("--against", metavar="RUN", help="Another run: which of the two outputs is better?")
@click.option("--from", "file", type=click.Path(path_type=Path), help="Rows of a file, in the place of RUN.")
@click.option("--pairs", is_flag=True, help="With --from: compare the columns response_a and response_b.")
@click.option("--project", type=click.Path(path_type=Path), default=Path(), show_default=True, help="Project's folder.")
def new(
    *,
    name: str,
    run: str | None,
    count: int,
    rules: Sequence[str],
    question: str,
    instructions: str,
    scale: str | None,
    annotators: int,
    seed: int,
    against: str | None,
    file: Path | None,
    pairs: bool,
    project: Path,
) -> None:
    """Begin the review NAME of rows of RUN.

    Rows are chosen at random, where judges disagree with each other or with computed scores (disagreement), where a score
    was near to another one or to its threshold (low-confidence), or where scores did not pass (failed). Only rows that were
    chosen at random show how frequent something is; each row keeps which rule chose it.
    """
    from ferrata.app import open_app
    from ferrata.reviews import PAIR, Draft, Scale

    rules = list(dict.fromkeys(rules)) or ["random"]
    _check(run, against=against, file=file, pairs=pairs, rules=rules)
    paired = pairs or against is not None
    read = Scale.parse(scale or (PAIR if paired else "pass-fail"))
    if paired != (read.kind == "pair"):
        what = (
            "two outputs side by side have the scale A|B|tie" if paired else f"{PAIR} is for two outputs side by side"
        )
        raise UsageError(f"{what}: {scale!r}", hint="leave out --scale" if paired else "give --against RUN")
    with open_app(project) as app:
        source = str(file) if file is not None else run or ""
        draft = Draft(name, source, read, (), question, instructions, annotators, seed, against or "")
        draft = _filled(app, draft, file=file, rules=rules, count=count)
        made = app.reviews.add(draft)
    _print(made, draft, count)


def _check(run: str | None, *, against: str | None, file: Path | None, pairs: bool, rules: Sequence[str]) -> None:
    if (run is None) == (file is None):
        raise UsageError("give a run or --from FILE, one of them", hint="ferrata review new NAME RUN")
    if file is not None and against is not None:
        raise UsageError("--against goes with a run", hint="for pairs of a file, give --from FILE --pairs")
    if against is not None and against == run:
        raise UsageError(f"{run!r} against itself shows the same output twice", hint="name another run")
    if pairs and file is None:
        raise UsageError("--pairs goes with --from", hint="of two runs, give RUN --against OTHER")
    if file is not None and set(rules) != {"random"}:
        raise UsageError("rows of a file have no scores to choose by", hint="leave out --by, or give a run")


def _filled(app: App, draft: Draft, *, file: Path | None, rules: Sequence[str], count: int) -> Draft:
    from ferrata.evals import existing
    from ferrata.evaluating import runs_folder
    from ferrata.reviews import draft_of_file, draft_of_run

    if file is not None:
        return draft_of_file(draft, file, count=count)
    with ExitStack() as stack:
        folder = stack.enter_context(existing(runs_folder(app), draft.source))
        other = stack.enter_context(existing(runs_folder(app), draft.against)) if draft.against else None
        return draft_of_run(draft, folder, against=other, rules=rules, count=count)


def _print(made: Review, draft: Draft, count: int) -> None:
    by = "1 person" if made.annotators == 1 else f"{made.annotators} people"
    beside = f" against {printable(made.against)}" if made.against else ""
    click.echo(f"{made.name}: {counted(made.rows, 'row')} of {printable(made.source)}{beside}, each for {by} to label")
    click.echo(f"question   {printable(made.question)} ({printable(made.scale.text)})")
    click.echo(f"chosen by  {', '.join(draft.notes)}; seed {made.seed}")
    if made.rows < count:
        click.echo(f"fewer than the {count:,} rows that were asked for: there are no more of them")
    if len({item.chosen_by for item in draft.items} - {"random"}):
        click.echo("only rows that were chosen at random show how frequent something is")
    click.echo(f"label them: ferrata review label {made.name} --as NAME")
