"""`ferrata ledger`: read, verify and export the log of every operational act.

Knows nothing of where the ledger lies; `app` does.
"""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ferrata.cli.words import counted, open_console, printable
from ferrata.errors import NotFound, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable

    from ferrata.assets import Ledger, Record

__all__ = ["ledger"]


def _moment(_context: click.Context, _parameter: click.Parameter, text: str | None) -> datetime | None:
    from ferrata.clock import parse_time

    if text is None:
        return None
    try:
        return parse_time(text)
    except ValueError:
        today = datetime.now(UTC).date().isoformat()
        raise click.BadParameter(f"not a time: {text!r}; write it as {today} or {today}T12:00:00Z") from None


_project = click.option(
    "--project", type=click.Path(path_type=Path), default=Path(), show_default=True, help="Folder of the project."
)
_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group()
def ledger() -> None:
    """The log of every operational act: who, when, what, on which versions."""


@ledger.command("list")
@_project
@click.option("--action", help="Only this action, as gate.decided.")
@click.option("--since", metavar="TIME", callback=_moment, help="Only from this time on (UTC).")
@click.option("--subject", help="Only records on this; without an @, on any version of it.")
@click.option("--actor", help="Only what this actor did.")
@click.option("--of", metavar="NAME", help="Records of the project of this name, not of the one in the folder.")
@click.option("--all", "every", is_flag=True, help="Records of every project in the database.")
@click.option("--limit", type=click.IntRange(min=0), default=50, show_default=True, help="At most so many; 0: all.")
@_json
def list_records(
    *,
    project: Path,
    action: str | None,
    since: datetime | None,
    subject: str | None,
    actor: str | None,
    of: str | None,
    every: bool,
    limit: int,
    as_json: bool,
) -> None:
    """List the project's records, the newest first.

    Records from before they named a project are listed with every project's.
    """
    if of is not None and every:
        raise UsageError("--of and --all contradict each other", hint="give one of them")
    with _open(project) as opened:
        records = opened.records(
            action=action,
            since=since,
            subject=subject,
            actor=actor,
            project=None if every else opened.project if of is None else of,
            limit=limit or None,
            newest_first=True,
        )
        if as_json:
            for record in records:
                click.echo(_line(record))
        elif _is_terminal():
            _print_table(records)
        else:
            for record in records:
                click.echo("\t".join(_cells(record)))


@ledger.command()
@_project
@click.argument("key", metavar="SEQ|ID")
@_json
def show(*, project: Path, key: str, as_json: bool) -> None:
    """Show one record, by its number or its id."""
    number = key.isascii() and key.isdigit() and len(key) < 32
    with _open(project) as opened:
        record = opened.get(int(key) if number else key.lower())
    if as_json:
        click.echo(_line(record))
        return
    for name, value in record.as_json().items():
        text = str(value) if isinstance(value, (str, int)) else json.dumps(value, ensure_ascii=False)
        click.echo(f"{name}\t{printable(text)}")


@ledger.command()
@_project
@click.option("--expect", metavar="SEQ:HASH", help="A head noted earlier, to see whether records were cut off since.")
@_json
@click.pass_context
def verify(context: click.Context, *, project: Path, expect: str | None, as_json: bool) -> None:
    """Check the hash chain; exit code 1 if a record is broken."""
    with _open(project) as opened:
        found = opened.verify(expect)
    if as_json:
        click.echo(json.dumps(found.as_json()))
    elif found.broken is None:
        click.echo(f"{counted(found.count, 'record')} verified, head {found.head}")
    else:
        click.echo(
            f"broken at record {found.broken.seq}: {found.broken.why}; {counted(found.count, 'record')} before it verified"
        )
    context.exit(0 if found.broken is None else 1)


@ledger.command()
@_project
@click.option(
    "--output", type=click.Path(dir_okay=False, path_type=Path), help="File to write; standard output if not given."
)
def export(*, project: Path, output: Path | None) -> None:
    """Write all records, of every project, as JSON lines.

    The oldest comes first. The export is noted in the ledger itself.
    """
    with _open(project) as opened:
        if output is None:
            count, head = _write_lines(opened.records(), lambda line: click.echo(line))
        else:
            count, head = _write_file(opened.records(), output)
        opened.append("ledger.exported", payload={"count": count, "head": head})
    click.echo(f"{counted(count, 'record')} exported, head {head}", err=True)


def _is_terminal() -> bool:
    return sys.stdout.isatty()


@contextmanager
def _open(project: Path) -> Generator[Ledger]:
    """The ledger of a project; reading makes none where there is none yet."""
    from ferrata.app import open_app

    with open_app(project) as app:
        if not app.has_store:
            raise NotFound("there is no ledger here yet", hint="the first `ferrata assess` starts one")
        yield app.ledger


def _write_file(records: Iterable[Record], output: Path) -> tuple[int, str]:
    # A reader of the file never sees half an export.
    partial = output.with_name(output.name + ".part")
    try:
        with partial.open("w", encoding="utf-8", newline="\n") as file:
            found = _write_lines(records, lambda line: file.write(line + "\n"))
        partial.replace(output)
    except OSError as error:
        raise UsageError(f"cannot write {str(output)!r}: {error.strerror or error}") from None
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
    return found


def _write_lines(records: Iterable[Record], write: Callable[[str], object]) -> tuple[int, str]:
    from ferrata.assets import GENESIS, Head

    count, head = 0, Head(0, GENESIS)
    for record in records:
        write(_line(record))
        count, head = count + 1, Head(record.seq, record.hash)
    return count, str(head)


def _line(record: Record) -> str:
    from ferrata.assets import canonical_json

    return canonical_json(record.as_json())


def _cells(record: Record) -> list[str]:
    from ferrata.assets import canonical_json
    from ferrata.clock import format_time

    details = " ".join(record.subjects), canonical_json(record.payload)
    texts = record.project or "", record.actor, record.action, *details
    return [str(record.seq), format_time(record.at), *(printable(text) for text in texts)]


def _print_table(records: Iterable[Record]) -> None:
    from rich.table import Column, Table
    from rich.text import Text

    table = Table("record", Column("time (UTC)", no_wrap=True), "project", "actor", "action", "subjects", "details")
    for record in records:
        seq, at, *rest = _cells(record)
        table.add_row(seq, at[:19].replace("T", " "), *(Text(cell, overflow="fold") for cell in rest))
    open_console().print(table)
