"""`ferrata review status`, `list`, `rows`, `export` and `close`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ferrata.cli.words import aligned, counted, printable
from ferrata.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ferrata.app import App
    from ferrata.reviews import Agreed, Progress, Review

__all__ = ["close", "export", "list_command", "rows", "status"]


def _project(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option(
        "--project", type=click.Path(path_type=Path), default=Path(), show_default=True, help="Project's folder."
    )(command)


def _review(app: App, name: str) -> Review:
    if not app.has_store:  # to read, none is made
        raise NotFound(f"no review {name!r}", hint="begin one with `ferrata review new NAME RUN`")
    return app.reviews.get(name)


def _progress(app: App, review: Review) -> Progress:
    from ferrata.reviews import progress_of

    return progress_of(review, app.reviews.items(review), app.reviews.labels(review))


@click.command()
@click.argument("name")
@click.option("--json", "wants_json", is_flag=True, help="Print JSON.")
@_project
def status(*, name: str, wants_json: bool, project: Path) -> None:
    """Show how far the review NAME is: what each person has done and has still to do, and how far they agree."""
    from ferrata.app import open_app

    with open_app(project) as app:
        found = _progress(app, _review(app, name))
    if wants_json:
        click.echo(json.dumps(found.as_json(), ensure_ascii=False, indent=2))
        return
    review = found.review
    beside = f" against {review.against}" if review.against else ""
    state = "open" if review.is_open else f"closed since {review.closed}"
    by = ", ".join(f"{rule} {count:,}" for rule, count in found.chosen.items())
    lines = [
        ("review", f"{review.name}, {state}"),
        ("rows", f"{review.rows:,} of {review.source}{beside}; chosen by {by}; seed {review.seed}"),
        ("question", f"{review.question} ({review.scale.text})"),
        ("labelled", f"{found.complete:,} of {review.rows:,} by as many as asked for ({review.annotators})"),
        ("missing", counted(found.missing, "label")),
        (
            "settled",
            f"{found.settled:,}, of these {found.adjudicated:,} adjudicated and {found.incomplete:,} by fewer people than"
            f" asked for; {found.differing:,} to adjudicate",
        ),
        ("agreement", _agreement(found.agreed)),
    ]
    if found.agreed_random is not None:
        lines.append(("", f"of the rows chosen at random: {_agreement(found.agreed_random)}"))
    if set(found.chosen) - {"random"}:
        lines.append(("", "only rows that were chosen at random show how frequent something is"))
    lines += [("cause", f"{cause}: {counted(count, 'row')}") for cause, count in found.causes.items()]
    click.echo("\n".join(aligned([[printable(word), printable(text)] for word, text in lines])))
    _print_people(found)


def _agreement(agreed: Agreed) -> str:
    if agreed.share is None:
        return "no row has labels of two people yet"
    said = f"{agreed.share:.0%} the same label over {counted(agreed.rows, 'row')}"
    if agreed.alpha is None or agreed.interval is None:
        return f"{said}; beyond chance: not known"
    return f"{said}; beyond chance (Krippendorff's alpha): {agreed.alpha:.2f} ({agreed.interval.low:.2f} to {agreed.interval.high:.2f})"


def _print_people(found: Progress) -> None:
    if not found.people:
        click.echo(f"\nnobody has labelled a row yet: ferrata review label {found.review.name} --as NAME")
        return
    rows = [
        [
            printable(one.name),
            f"{one.labelled:,}",
            f"{one.open:,}",
            "" if one.seconds is None else f"{one.seconds:.0f}",
        ]
        for one in found.people
    ]
    head = ["person", "labelled", "may still label", "seconds a label"]
    click.echo("\n" + "\n".join(aligned([head, *rows], right=(1, 2, 3))))


@click.command("list")
@click.option("--json", "wants_json", is_flag=True, help="Print JSON.")
@_project
def list_command(*, wants_json: bool, project: Path) -> None:
    """List the reviews of the project, the newest first."""
    from ferrata.app import open_app

    with open_app(project) as app:
        found = [_progress(app, review) for review in app.reviews.all()] if app.has_store else []
    if wants_json:
        click.echo(json.dumps([one.as_json() for one in found], ensure_ascii=False, indent=2))
        return
    if not found:
        click.echo("no reviews; begin one with `ferrata review new NAME RUN`")
        return
    head = ["review", "state", "rows", "labelled", "to adjudicate", "people", "source"]
    rows = [
        [
            one.review.name,
            "open" if one.review.is_open else "closed",
            f"{one.review.rows:,}",
            f"{one.complete:,}",
            f"{one.differing:,}",
            printable(", ".join(person.name for person in one.people)),
            printable(one.review.source),
        ]
        for one in found
    ]
    click.echo("\n".join(aligned([head, *rows], right=(2, 3, 4))))


@click.command()
@click.argument("name")
@click.option("-o", "--out", type=click.Path(path_type=Path), help="A new file; standard output, if not given.")
@_project
def rows(*, name: str, out: Path | None, project: Path) -> None:
    """Write what people are shown of the review NAME, with the key of each row, to label it elsewhere.

    Labels come back with `ferrata review label NAME --file FILE`.
    """
    from ferrata.app import open_app
    from ferrata.reviews import shown_row

    with open_app(project) as app:
        review = _review(app, name)
        _write(out, (shown_row(item, app.reviews.body(item)) for item in app.reviews.items(review)))


@click.command()
@click.argument("name")
@click.option("-o", "--out", type=click.Path(path_type=Path), help="A new file; standard output, if not given.")
@click.option(
    "--undecided", is_flag=True, help="Write rows on which people differ as well, with what each said and no label."
)
@_project
def export(*, name: str, out: Path | None, undecided: bool, project: Path) -> None:
    """Write the rows of the review NAME that have a label that holds: adjudicated, unanimous, or the only one.

    Rows without one are left out and counted. With `--undecided`, those on which people differ are written as well.
    """
    from ferrata.app import open_app
    from ferrata.reviews import decisions_of, exported_row, unsettled

    with open_app(project) as app:
        review = _review(app, name)
        items = app.reviews.items(review)
        decisions = decisions_of(review, items, app.reviews.labels(review))
        settled = [item for item in items if decisions[item.number].settled is not None]
        differing = set(unsettled(decisions))
        taken = {item.number for item in settled} | (differing if undecided else set[int]())
        written = [item for item in items if item.number in taken]
        _write(out, (exported_row(review, i, app.reviews.body(i), decisions[i.number]) for i in written))
    counts: dict[str, int] = {}
    for item in settled:
        counts[decisions[item.number].by] = counts.get(decisions[item.number].by, 0) + 1
    how = ", ".join(f"{by} {count:,}" for by, count in counts.items())
    parts = [f"{counted(len(settled), 'row')}" + (f" ({how})" if how else "")]
    parts.append(
        f"{'without a label, as people differ' if undecided else 'left out, as people differ'}: {len(differing):,}"
    )
    if unlabelled := len(items) - len(settled) - len(differing):
        parts.append(f"left out, as nobody labelled them: {unlabelled:,}")
    click.echo("; ".join(parts), err=True)
    if differing and not undecided:
        click.echo(
            "settle these first, or write them with --undecided: without the rows that are hard to agree on, a judge looks "
            "better than it is",
            err=True,
        )


def _write(out: Path | None, rows: Iterator[dict[str, Any]]) -> None:
    from ferrata.datasets import write_rows

    if out is not None:
        write_rows(out, rows)
        return
    for row in rows:
        sys.stdout.write(json.dumps(row, ensure_ascii=False, default=str) + "\n")


@click.command()
@click.argument("name")
@_project
def close(*, name: str, project: Path) -> None:
    """End the review NAME: no more labels are taken, and the ledger notes how many rows people labelled."""
    from ferrata.app import open_app

    with open_app(project) as app:
        review = _review(app, name)
        labelled, causes = app.reviews.close(review)
    if labelled:
        click.echo(f"{name} is closed: {labelled:,} of {review.rows:,} rows labelled, {counted(causes, 'cause')} named")
    else:
        click.echo(f"{name} is closed; nobody labelled a row, so the ledger has no record of it")
