"""`ferrata flow test --interactive`: a conversation with a chat flow on the terminal."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Any

import click

from ferrata.cli.words import printable
from ferrata.errors import UsageError

if TYPE_CHECKING:
    from ferrata.flows import Flow, LineResult, LoadedFlow

__all__ = ["talk"]


def talk(loaded: LoadedFlow, values: dict[str, Any], timeout: float | None) -> int:
    """Ask for what the user says until an empty line or the end of the input; 1 if the last answer failed.

    Raises:
        UsageError: the flow has no input for what the user says.
    """
    from ferrata.flows import inside

    said, history, answer = _names(loaded.flow)
    turns: list[dict[str, Any]] = list(values.get(history) or []) if history else []
    status = 0
    with inside(loaded), asyncio.Runner() as runner:
        while text := _asked():
            given = {**values, said: text}
            if history:
                given[history] = turns
            result, output = runner.run(_answered(loaded, given, answer, timeout))
            status = 1 if result.error is not None else 0
            if result.error is not None:
                click.echo(f"{result.error['code']}: {printable(result.error['message'])}", err=True)
                continue
            inputs = {name: value for name, value in given.items() if name != history}
            turns.append({"inputs": inputs, "outputs": output})
    return status


def _names(flow: Flow) -> tuple[str, str | None, str | None]:
    """The names of the inputs for what is said now and what was said before, and of the answer."""
    from ferrata.flows import chat_names

    said, history, _, answer = chat_names(flow)
    if said is None:
        raise UsageError(
            f"{flow.name!r} is no chat flow: no input is marked by is_chat_input",
            hint="mark the input that takes what the user says, or leave --interactive away",
        )
    return said, history, answer


def _asked() -> str:
    if sys.stdin.isatty():
        click.echo("you: ", nl=False)
    return sys.stdin.readline().strip()


async def _answered(
    loaded: LoadedFlow, given: dict[str, Any], answer: str | None, timeout: float | None
) -> tuple[LineResult, dict[str, Any]]:
    result = await loaded.line(given, stream=True, timeout=timeout)
    output: dict[str, Any] = {}
    for name, value in result.output.items():
        shown = answer in (None, name)
        if hasattr(value, "__anext__") or hasattr(value, "__next__"):
            output[name] = await _streamed(value, show=shown)
        else:
            output[name] = value
            if shown:
                click.echo(printable(str(value)))
    return result, output


async def _streamed(value: Any, *, show: bool) -> str:
    pieces: list[str] = []

    def take(piece: Any) -> None:
        pieces.append(str(piece))
        if show:
            click.echo(printable(str(piece)), nl=False)

    if hasattr(value, "__anext__"):
        async for piece in value:
            take(piece)
    else:
        for piece in value:
            take(piece)
    if show:
        click.echo()
    return "".join(pieces)
