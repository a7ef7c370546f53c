"""What labelling and adjudicating share: an item on the screen, and keys or lines from whoever sits before it."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import click

from ferrata.cli.words import printable
from ferrata.reviews import text_line

if TYPE_CHECKING:
    from ferrata.reviews import Body, Item, Scale

__all__ = ["menu_of", "read_key", "read_line", "show_body"]


def read_key(prompt: str) -> str | None:
    """One key of a terminal, or one line of a pipe; None where the input ends or is interrupted.

    Keys that were pressed before are dropped by what makes the terminal raw: a label for a row that nobody has seen is none.
    """
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return read_line(prompt)
    click.echo(f"{prompt}> ", nl=False)
    try:
        typed = click.getchar()
    except (KeyboardInterrupt, EOFError):
        click.echo()
        return None
    key = "" if typed in ("\r", "\n") else typed
    # Arrows and pasted text come as several characters.
    shown = key if len(key) == 1 and key.isprintable() else ""
    click.echo(shown)
    return shown


def read_line(prompt: str) -> str | None:
    """A line of text that can be printed; None where the input ends or is interrupted."""
    try:
        typed: str = click.prompt(prompt, default="", show_default=False, prompt_suffix="> ")
    except click.exceptions.Abort:
        click.echo()
        return None
    return text_line(typed)


def menu_of(scale: Scale, *further: str) -> str:
    """The keys, in a line."""
    keys = [f"{key} = {label}" if key != label else key for key, label in scale.keys.items()]
    return printable(", ".join([*keys, *further]))


def show_body(item: Item, body: Body, place: str) -> None:
    """Show an item: what went in, and what came out."""
    click.echo(f"\n{place}")
    for name, value in body.inputs.items():
        _show(name, value)
    for side, output in body.sides(swapped=item.swapped):
        click.echo(f"--- {side}" if side else "---")
        for name, value in output.items():
            _show(name, value)
    click.echo("---")


def _show(name: str, value: Any) -> None:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2, default=str)
    text = printable(text.strip())
    click.echo(f"{printable(name)}:" + (f"\n{text}" if "\n" in text else f" {text}"))
