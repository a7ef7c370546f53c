"""Where `ferrata eval stats`, `compare` and `plan` take scores from: runs by name, or files of any tool."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from ferrata.errors import NotFound, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ferrata.stats import Scores

__all__ = ["Source", "scores_in", "source_options"]

_SCALES = ("binary", "ordinal", "continuous")


class Source(NamedTuple):
    """What the options say.

    Attributes:
        project: whose runs are meant.
        key: column of a file that says which row it is.
        names: of the scores: columns of a file, or `ALIAS.KEY` of a run; all of a run where there is none.
        cluster: column that rows share which are not independent.
        repeat: column of a file.
        scale: of the scores of a file.
        bounds: likewise.
        higher_is_better: likewise.
    """

    project: Path
    key: str | None
    names: tuple[str, ...]
    cluster: str | None
    repeat: str | None
    scale: Any
    bounds: tuple[float, float] | None
    higher_is_better: bool


_OPTIONS = (
    click.option("--key", metavar="COLUMN", help="Of a file: what a row is known by.  [default: id]"),
    click.option(
        "--score",
        "names",
        metavar="NAME",
        multiple=True,
        help="Column of a file with scores, or a run's ALIAS.KEY; several times for more.  [default: score; all of a run]",
    ),
    click.option("--cluster", metavar="COLUMN", help="What rows share that are not independent, as a conversation."),
    click.option("--repeat", metavar="COLUMN", help="Of a file: which repeat of its row it is; repeats are averaged."),
    click.option("--scale", type=click.Choice(_SCALES), help="Of a file's scores.  [default: as the values show]"),
    click.option("--bounds", type=(float, float), metavar="LOW HIGH", help="Between which a file's scores lie."),
    click.option(
        "--higher-is-better/--lower-is-better", default=True, show_default=True, help="Direction of a file's scores."
    ),
    click.option("--project", type=click.Path(path_type=Path), default=Path(), show_default=True, help="Whose runs."),
)


def source_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that say where scores are; the command takes them as `**source`, for `Source`."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def scores_in(names: tuple[str, ...], source: Source) -> list[Mapping[str, Scores]]:
    """Metric -> scores, of each run or file.

    Raises:
        NotFound, UsageError: it is none of both; a score, column or row is not as it must be.
    """
    from ferrata.evals import Columns, existing, read_scores, scores_of_eval

    found: list[Mapping[str, Scores]] = []
    with ExitStack() as stack:
        app: Any = None
        for name in names:
            if Path(name).is_file():
                columns = Columns(source.key or "id", source.names or ("score",), source.cluster, source.repeat)
                found.append(
                    read_scores(
                        Path(name),
                        columns,
                        scale=source.scale,
                        bounds=source.bounds,
                        higher_is_better=source.higher_is_better,
                    )
                )
                continue
            if Path(name).suffix in (".jsonl", ".json", ".csv", ".tsv", ".parquet"):
                raise UsageError(f"no such file: {name!r}")
            if source.key or source.repeat or source.scale or source.bounds:
                raise UsageError(
                    "--key, --repeat, --scale and --bounds are for files; a run knows these",
                    hint=f"there is no file {name!r}",
                )
            from ferrata.app import open_app
            from ferrata.evaluating import runs_folder

            app = app or stack.enter_context(open_app(source.project))
            try:
                folder = stack.enter_context(existing(runs_folder(app), name))
            except (NotFound, UsageError):
                if not Path(name).is_dir():
                    raise
                raise UsageError(
                    f"{name!r} is a folder, and neither a run nor a file of scores", hint="name a file in it"
                ) from None
            found.append(_chosen(scores_of_eval(folder, cluster=source.cluster, pass_rates=True), source.names, name))
    return found


def _chosen(scores: Mapping[str, Scores], names: tuple[str, ...], run: str) -> dict[str, Scores]:
    if unknown := [name for name in names if name not in scores]:
        raise UsageError(f"the run {run!r} has no score {unknown[0]!r}", hint=f"there is {', '.join(scores)}")
    if names:
        return {name: scores[name] for name in names}
    asked_for = (of for of in scores.values() if not of.metric.endswith(".pass_rate"))
    return {of.metric: of for of in asked_for if len(of.keys) or of.missing}
