"""`ferrata answer`: the questionnaire, interactive and as a file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from ferrata.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ferrata.app import App
    from ferrata.maturity import Answer, Practice

__all__ = ["answer"]

_MENU = "number, d = don't know, s = skip, b = back, ? = why it matters, q = leave (answers so far are kept)"


class _Said(NamedTuple):
    """What came of asking: an answer, or a wish to skip, go back or leave."""

    answer: Answer | None
    move: str


@click.command()
@click.argument("practice", required=False)
@click.option(
    "--project", type=click.Path(path_type=Path), default=Path(), show_default=".", help="Folder of the project."
)
@click.option("--as", "respondent", help="Who answers; you, if not given.")
@click.option("--next", "count", type=click.IntRange(min=1), help="Ask only the so many questions that matter next.")
@click.option("--all", "everything", is_flag=True, help="Ask again what you have answered, too.")
@click.option("--value", type=click.FloatRange(0, 1), help="Answer PRACTICE with this value, without asking.")
@click.option("--dont-know", is_flag=True, help='Answer PRACTICE with "don\'t know", without asking.')
@click.option("--note", default="", help="A note to the answer.")
@click.option("--link", default="", help="A document or link that shows it.")
@click.option("--file", "file", type=click.Path(path_type=Path), help="Take the answers of a file, for CI.")
@click.option("--export", type=click.Path(dir_okay=False, path_type=Path), help="Write all answers to a file.")
@click.option("--list", "list_only", is_flag=True, help="List the answers, with disagreement.")
@click.option("--json", "as_json", is_flag=True, help="With --list: print JSON.")
def answer(
    *,
    practice: str | None,
    project: Path,
    respondent: str | None,
    count: int | None,
    everything: bool,
    value: float | None,
    dont_know: bool,
    note: str,
    link: str,
    file: Path | None,
    export: Path | None,
    list_only: bool,
    as_json: bool,
) -> None:
    """Answer the questionnaire: all of it, the next few questions, or PRACTICE alone.

    It can be left at any question and taken up again; an answer can be amended by giving it again. Several people may
    answer (--as NAME); where they disagree, that is shown.
    """
    from ferrata.app import open_app

    app = open_app(project)
    who = respondent or app.actor
    if file is not None:
        _take_file(app, file)
    elif export is not None:
        _export(app, export)
    elif list_only:
        _list(app, as_json=as_json)
    elif value is not None or dont_know:
        _give(app, practice, who, None if dont_know else value, note, link)
    else:
        _ask_all(app, _questions(app, who, practice=practice, count=count, everything=everything), who)


def _take_file(app: App, file: Path) -> None:
    from ferrata.maturity import read_answers

    answers = read_answers(file, app.model())
    app.give_answers(answers)
    click.echo(f"{len(answers)} answers taken from {file}")


def _export(app: App, export: Path) -> None:
    from ferrata.maturity import write_answers

    answers = app.maturity.answers()
    try:
        export.write_text(write_answers(answers), encoding="utf-8")
    except OSError as error:
        raise UsageError(f"cannot write {str(export)!r}: {error.strerror}") from None
    click.echo(f"{len(answers)} answers written to {export}")


def _give(app: App, practice_id: str | None, who: str, value: float | None, note: str, link: str) -> None:
    from ferrata.maturity import Answer

    practice = app.practice(practice_id or "")
    app.give_answers([Answer(practice.id, who, value, note, link)])
    click.echo(f"{practice.id}: {'don’t know' if value is None else f'{value:.0%}'} by {who}")


def _list(app: App, *, as_json: bool) -> None:
    answers = sorted(app.maturity.answers())
    if as_json:
        click.echo(json.dumps([given._asdict() for given in answers], indent=2, ensure_ascii=False))
        return
    by_practice: dict[str, list[Answer]] = {}
    for given in answers:
        by_practice.setdefault(given.practice, []).append(given)
    for name, given_all in by_practice.items():
        known = [given.value for given in given_all if given.value is not None]
        apart = f"  DISAGREEMENT {max(known) - min(known):.0%}" if known and max(known) > min(known) else ""
        click.echo(f"{name}{apart}")
        for given in given_all:
            said = "don't know" if given.value is None else f"{given.value:.0%}"
            click.echo(
                f"    {given.respondent}: {said}" + "".join(f"  {text}" for text in (given.note, given.link) if text)
            )


def _questions(app: App, who: str, *, practice: str | None, count: int | None, everything: bool) -> list[Practice]:
    """What to ask: one practice, the next few by the roadmap, or everything this person has not answered."""
    model = app.model()
    if practice is not None:
        return [app.practice(practice)]
    answered = {given.practice for given in app.maturity.answers() if given.respondent == who}
    open_ones = [p for p in sorted(model.practices, key=lambda p: p.level) if everything or p.id not in answered]
    if count is None:
        return open_ones
    order = {step.practice: step.order for step in app.roadmap()}
    asked_only = [p for p in open_ones if p.id in order]
    # What only people can say comes first: a scan or a record cannot answer it.
    asked_only.sort(key=lambda p: order[p.id] - (5 if p.answer.with_link else 0))
    return (asked_only or open_ones)[:count]


def _ask_all(app: App, questions: Sequence[Practice], who: str) -> None:
    if not questions:
        click.echo("nothing left to ask; --all asks again")
        return
    click.echo(f"{len(questions)} questions for {who}. {_MENU}")
    i = given = 0
    while i < len(questions):
        said = _ask(questions[i], f"[{i + 1}/{len(questions)}]", who)
        if said.move == "q":
            break
        if said.answer is not None:
            app.give_answers([said.answer])
            given += 1
        i = max(i - 1, 0) if said.move == "b" else i + 1
    click.echo(f"{given} answers kept. See what they change: ferrata assess {app.settings.root}")


def _ask(practice: Practice, place: str, who: str) -> _Said:
    from ferrata.maturity import Answer

    click.echo(f"\n{place} {practice.id} (level {practice.level})\n{practice.question}")
    for number, option in enumerate(practice.answers, 1):
        click.echo(f"  {number}. {option.text}")
    while True:
        try:
            text = click.prompt("answer", prompt_suffix="> ").strip().lower()
        except click.exceptions.Abort:
            click.echo()
            return _Said(None, "q")
        if text in ("q", "s", "b"):
            return _Said(None, text)
        if text == "?":
            click.echo(practice.why)
        elif text == "d":
            return _Said(Answer(practice.id, who, None, _optional("note")), "")
        elif text.isdigit() and 1 <= int(text) <= len(practice.answers):
            value = practice.answers[int(text) - 1].value
            return _Said(Answer(practice.id, who, value, _optional("note"), _optional("link") if value else ""), "")
        else:
            click.echo(f"not an answer: {text!r}; {_MENU}")


def _optional(what: str) -> str:
    try:
        text: str = click.prompt(f"{what} (may be empty)", default="", show_default=False, prompt_suffix="> ")
    except click.exceptions.Abort:
        return ""
    return text.strip()
