"""`ferrata data build`. Knows nothing of how rows are chosen; `datasets` does."""

from __future__ import annotations

import json
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from ferrata.cli.data_open import json_option, project_option
from ferrata.cli.words import counted, printable
from ferrata.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ferrata.datasets import Built, FoundRows

__all__ = ["build"]


@click.command()
@project_option
@click.argument("out", type=click.Path(path_type=Path))
@click.argument("paths", metavar="[PATH|RUN]...", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--from", "origin", type=click.Choice(["traces", "feedback", "files", "evals"]), required=True, help="What of."
)
@click.option(
    "--below",
    metavar="SCORE=N",
    multiple=True,
    help="With evals: only rows with less of this score, as relevance=3. Repeatable: one is enough.",
)
@click.option("--above", metavar="SCORE=N", multiple=True, help="Likewise: only rows with more.")
@click.option(
    "--feedback", type=click.Path(path_type=Path), help="JSON lines: trace_id, and score, thumb or correction."
)
@click.option("--status", type=click.Choice(["ok", "error"]), help="Only traces, or rows of runs, that ended so.")
@click.option("--kind", default="", help="Only traces with a span of this kind, as retrieval.")
@click.option("--min-tokens", type=click.IntRange(min=0), default=0, help="Only traces with at least so many tokens.")
@click.option("--max-score", type=float, help="Only traces with feedback of at most this score.")
@click.option("--since", metavar="DATE", help="Only what began on this day or time (UTC), or later.")
@click.option("--until", metavar="DATE", help="Only what began before.")
@click.option(
    "--similarity",
    type=float,
    default=0.9,
    show_default=True,
    help="Of rows whose queries are so alike, 0.5 to 1, the first is kept.",
)
@click.option("--keep-duplicates", is_flag=True, help="Keep rows that are alike.")
@click.option("--keep-personal-data", is_flag=True, help="Do not put placeholders for personal data.")
@click.option("--sample", "count", type=int, metavar="N", help="At most so many rows.")
@click.option("--by", default="", metavar="COLUMN", help="With --sample: each value of the column gets its share.")
@click.option("--diverse", is_flag=True, help="With --sample: rows that are unlike one another.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of choices by chance.")
@click.option("--replace", is_flag=True, help="Write over a file that is there.")
@json_option
def build(
    *,
    project: Path,
    out: Path,
    paths: tuple[Path, ...],
    origin: Literal["traces", "feedback", "files", "evals"],
    below: tuple[str, ...],
    above: tuple[str, ...],
    since: str | None,
    until: str | None,
    similarity: float,
    keep_duplicates: bool,
    keep_personal_data: bool,
    replace: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Make a dataset OUT of spans (JSON lines, or OTLP as JSON), of what people said of answers, of evaluation runs, or of other files.

    Without a PATH, spans are those of the project's runs, .ferrata/runs. Personal data becomes placeholders, near-copies
    are dropped, and OUT.dataset.yaml says what was taken, dropped and why.
    """
    from ferrata.actor import current_actor
    from ferrata.datasets import BuildPlan, build_dataset, save_built

    if (below or above) and origin != "evals":
        raise UsageError(
            f"{origin} have no scores of evaluations", hint="use --from evals, or leave --below and --above out"
        )
    if not paths and origin in ("traces", "feedback"):
        paths = (project / ".ferrata" / "runs",)
    if not paths:
        what = "no runs to read" if origin == "evals" else "no files to read"
        raise UsageError(what, hint="name them after OUT")
    given = _of_runs(project, paths, _limits(below), _limits(above)) if origin == "evals" else None
    plan = BuildPlan(
        origin,
        () if given else paths,
        since=_time(since),
        until=_time(until),
        similarity=None if keep_duplicates else similarity,
        mask=not keep_personal_data,
        **options,
    )
    built = build_dataset(plan, made_by=current_actor(), given=given)
    save_built(out, built, replace=replace)
    if as_json:
        about = {"rows": len(built.rows), "dropped": built.dropped, "masked": built.masked, "broken": built.broken}
        click.echo(
            json.dumps({"data": str(out), **about, "provenance": built.provenance.as_json()}, ensure_ascii=False)
        )
        return
    _print(out, built)


def _of_runs(project: Path, names: Sequence[Path], below: Mapping[str, float], above: Mapping[str, float]) -> FoundRows:
    from ferrata.app import open_app
    from ferrata.evals import existing, pick_rows
    from ferrata.evaluating import runs_folder

    with open_app(project) as app, ExitStack() as stack:
        runs = [stack.enter_context(existing(runs_folder(app), str(name))) for name in names]
        return pick_rows(runs, below=below, above=above)


def _limits(words: Sequence[str]) -> dict[str, float]:
    limits: dict[str, float] = {}
    for word in words:
        name, _, value = word.rpartition("=")
        try:
            limits[name] = float(value)
        except ValueError:
            name = ""
        if not name or limits[name] != limits[name]:
            raise UsageError(f"not a score with a number: {word!r}", hint="write --below relevance=3")
    return limits


def _print(out: Path, built: Built) -> None:
    click.echo(printable(f"{out}: {counted(len(built.rows), 'row')}"))
    for why, count in built.dropped.items():
        click.echo(f"dropped {count:>6,}  {printable(why)}")
    for kind, count in built.masked.items():
        click.echo(f"masked  {count:>6,}  {kind}")
    for place in built.broken[:10]:
        click.echo(f"cannot be read: {printable(place)}", err=True)


def _time(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"not a date: {text!r}", hint="write 2026-11-01 or 2026-11-01T12:00") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
