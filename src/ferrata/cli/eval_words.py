"""How `ferrata eval` shows runs: a summary in lines, and rows in a file."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING, Any

import click

from ferrata.cli.words import aligned, counted, printable
from ferrata.errors import UsageError
from ferrata.markup import figures

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from ferrata.evals import EvalFolder, EvalSummary

TARGET_FAILED = "the target failed: "

__all__ = ["between", "metric_lines", "print_summary", "write_rows"]


def metric_lines(metrics: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """A table of scores: mean, its interval at 95 %, pass rate against the threshold, rows with a value, missing."""
    rows = [["score", "mean", "95 % interval", "passed", "n", "missing", "skipped"]]
    for name, about in metrics.items():
        rate = about.get("pass_rate")
        limit = about.get("threshold")
        bound = "" if limit is None else f" {'>=' if about.get('higher_is_better', True) else '<='} {limit:g}"
        passed = "" if rate is None else f"{rate:.1%}{bound}"
        shown = (
            number(about["mean"], about.get("interval")),
            between(about.get("interval")),
            passed,
            f"{about['n']:,}",
            f"{about['missing']:,}",
            about.get("skipped", ""),
        )
        rows.append([printable(name), *map(str, shown)])
    return aligned(rows, right=(1, 4, 5, 6))


def number(value: float | None, around: Sequence[float] | None = None, *, sign: str = "") -> str:
    """A value with four figures, or more where its interval is narrow; a dash where there is none."""
    return "-" if value is None else figures(value, around, sign=sign)


def between(interval: Sequence[float] | None) -> str:
    """An interval as people write it; a dash where there is none."""
    return "-" if not interval else f"{number(interval[0], interval)} to {number(interval[1], interval)}"


def print_summary(summary: EvalSummary) -> None:
    """A run's result: scores, what is missing and why, errors, time and cost."""
    from ferrata.runs import Status

    failed = f", {summary.failed:,} failed" if summary.failed else ""
    reused = f", {summary.reused:,} of them answered by an earlier run" if summary.reused else ""
    click.echo(f"{summary.name}: {summary.status}, {counted(summary.rows, 'row')}{failed}{reused}")
    if summary.metrics:
        click.echo("")
        click.echo("\n".join(metric_lines(summary.metrics)))
    for (reason, count), names in _missing(summary).items():
        click.echo(f"missing {count:,} x {', '.join(map(printable, names))}: {printable(reason)}", err=True)
    for code, about in summary.errors.items():
        click.echo(f"failed {about['count']:,} x {printable(code)}: {printable(str(about['message']))}", err=True)
    latency = summary.latency
    parts = [f"{summary.seconds:,.1f} s"]
    if latency.get("n"):
        parts.append(f"target {latency['p50']:.2g} s median, {latency['p95']:.2g} s 95th percentile")
    if summary.input_tokens or summary.output_tokens:
        parts.append(f"{summary.input_tokens:,} tokens in, {summary.output_tokens:,} out")
    if summary.cost is not None:
        parts.append(f"${summary.cost:,.4f}")
    click.echo(f"\n{'; '.join(parts)}")
    if summary.status == Status.CANCELED and summary.stopped is not None:
        hint = f" ({summary.stopped.hint})" if summary.stopped.hint else ""
        click.echo(f"stopped: {printable(summary.stopped.message)}{hint}", err=True)


def _missing(summary: EvalSummary) -> dict[tuple[str, int], list[str]]:
    """Why scores are missing and how often -> which; rows whose target failed are told of by themselves."""
    found: dict[tuple[str, int], list[str]] = {}
    for name, about in summary.metrics.items():
        for reason, count in about.get("missing_because", {}).items():
            if not reason.startswith(TARGET_FAILED):
                found.setdefault((reason, count), []).append(name)
    return found


def write_rows(folder: EvalFolder, path: Path) -> None:
    """Write a run's rows under azure-ai-evaluation's names: JSON lines, or CSV by the file's name.

    Raises:
        UsageError: it cannot be written.
    """
    from ferrata.evals import flat_row, rows_of_eval

    try:
        with path.open("w", encoding="utf-8", newline="") as file:
            if path.suffix.lower() == ".csv":
                names = list(dict.fromkeys(name for row in rows_of_eval(folder) for name in flat_row(row)))
                writer = csv.DictWriter(file, names)
                writer.writeheader()
                for row in rows_of_eval(folder):
                    writer.writerow({k: _cell(v) for k, v in flat_row(row).items()})
            else:
                for row in rows_of_eval(folder):
                    file.write(json.dumps(flat_row(row), ensure_ascii=False, default=str) + "\n")
    except OSError as error:
        raise UsageError(f"cannot write {str(path)!r}: {error.strerror or error}") from None


def _cell(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False, default=str) if isinstance(value, dict | list) else value
