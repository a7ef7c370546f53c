"""What GitHub Actions is told of a gate: annotations by workflow commands, and the step summary."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ferrata.errors import UsageError
from ferrata.gates.reports.base import Place
from ferrata.gates.reports.markdown import write_markdown
from ferrata.gates.reports.words import headline, summary, weight
from ferrata.markup import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ferrata.gates.reports.words import Weight
    from ferrata.gates.types import GateResult

__all__ = ["annotations_of", "tell_github"]

_COMMANDS: dict[Weight, str] = {"failed": "error", "undecided": "warning", "noted": "notice"}
_SUMMARY = "GITHUB_STEP_SUMMARY"
_REASONS = 3


def tell_github(result: GateResult, environment: Mapping[str, str], *, place: Place | None = None) -> list[str]:
    """Append the Markdown to the file that `GITHUB_STEP_SUMMARY` names, where it is set; give the annotations to print.

    Raises:
        UsageError: the file cannot be written.
    """
    where = place or Place()
    file = environment.get(_SUMMARY)
    if file:
        try:
            with Path(file).open("a", encoding="utf-8", errors="replace", newline="\n") as summary_file:
                summary_file.write(write_markdown(result, where) + "\n")
        except OSError as error:
            raise UsageError(
                f"cannot write the step summary {file!r}: {error.strerror}",
                hint=f"unset {_SUMMARY}, or leave out --github",
            ) from None
    return list(annotations_of(result, where))


def annotations_of(result: GateResult, place: Place) -> Iterator[str]:
    """A line `::error ...::text` for each rule not passed, and one for the gate where no rule says as much."""
    weights: list[Weight] = [weight(result, one) for one in result.rules]
    for i, (one, of) in enumerate(zip(result.rules, weights, strict=True)):
        if of != "passed":
            text = ". ".join([summary(one), *(reason.rstrip(".") for reason in one.reasons[:_REASONS])])
            yield _line(of, f"gate {result.gate}: {one.verdict}", text, file=place.file, line=place.line(i))
    own = weight(result)
    if own != "passed" and own not in weights:
        text = ". ".join([headline(result), *(note.rstrip(".") for note in result.notes[:_REASONS])])
        yield _line(own, f"gate {result.gate}", text, file=place.file, line=None)


def _line(of: Weight, title: str, text: str, *, file: str, line: int | None) -> str:
    place = f"file={_property(file)}" + (f",line={line}" if line else "")
    return f"::{_COMMANDS[of]} {place},title={_property(one_line(title))}::{_data(one_line(text))}"


def _data(text: str) -> str:
    """The text of a command, as the runner reads it back."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    """A value among a command's properties."""
    return _data(text).replace(":", "%3A").replace(",", "%2C")
