"""`ferrata answer`: the questionnaire, interactive and as a file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from ferrata.cli.words import counted, printable
from ferrata.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ferrata.app import App
    from ferrata.maturity import Answer, Practice

__all__ = ["answer"]

_MENU = "number, d = don't know, s = skip, b = back, ? = why it matters, q = leave (answers so far are kept)"


class _Said(NamedTuple):
    """What came of asking: an answer, a wish to skip (`s`), go back (`b`) or leave (`q`), or both."""

    answer: Answer | None
    move: str = ""


@click.command()
@click.argument("practice", required=False)
@click.option(
    "--project", type=click.Path(path_type=Path), default=Path(), show_default=".", help="Folder of the project."
)
@click.option("--as", "respondent", help="Who answers; you, if not given.")
@click.option("--model", type=click.Path(path_type=Path), help="Your own maturity model (YAML).")
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
    model: Path | None,
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

    given = value is not None or dont_know
    _check(
        ways=[
            name
            for name, used in (
                ("--file", file is not None),
                ("--export", export is not None),
                ("--list", list_only),
                ("--value", value is not None),
                ("--dont-know", dont_know),
            )
            if used
        ],
        practice=practice,
        about=bool(note or link) and not given,
        as_json=as_json and not list_only,
    )
    with open_app(project) as app:
        who = app.actor if respondent is None else " ".join(respondent.split())
        if not who:
            raise UsageError("--as names nobody", hint="give a name, as in --as ann")
        if file is not None:
            _take_file(app, file, model)
        elif export is not None:
            _export(app, export)
        elif list_only:
            _list(app, as_json=as_json)
        elif given:
            asked = app.maturity.practice(practice or "", model)
            _give(app, asked, who, None if dont_know else value, note=note, link=link)
        else:
            questions = _questions(app, who, practice=practice, count=count, everything=everything, model=model)
            _ask_all(app, questions, who)


def _check(*, ways: Sequence[str], practice: str | None, about: bool, as_json: bool) -> None:
    if len(ways) > 1:
        raise UsageError(f"{' and '.join(ways)} do different things", hint="give one of them")
    one = bool(ways) and ways[0] in ("--value", "--dont-know")
    if one and practice is None:
        raise UsageError(f"{ways[0]} answers one practice, and none is named", hint="ferrata answer PRACTICE --value 1")
    if practice is not None and ways and not one:
        raise UsageError(f"{ways[0]} goes without a practice", hint=f"leave out {practice!r}")
    if about:
        raise UsageError(
            "--note and --link go with --value or --dont-know", hint="without them, you are asked for both"
        )
    if as_json:
        raise UsageError("--json goes with --list", hint="ferrata answer --list --json")


def _take_file(app: App, file: Path, model: Path | None) -> None:
    from ferrata.maturity import read_answers

    answers = read_answers(file, app.maturity.model(model))
    new = app.maturity.give_answers(answers)
    same = f", {len(answers) - new:,} as they were" if new < len(answers) else ""
    click.echo(f"{counted(new, 'answer')} taken from {printable(str(file))}{same}")


def _export(app: App, export: Path) -> None:
    from ferrata.maturity import write_answers

    answers = app.maturity.answers()
    try:
        export.write_text(write_answers(answers), encoding="utf-8")
    except OSError as error:
        raise UsageError(f"cannot write {str(export)!r}: {error.strerror}") from None
    click.echo(f"{counted(len(answers), 'answer')} written to {printable(str(export))}")


def _give(app: App, practice: Practice, who: str, value: float | None, *, note: str, link: str) -> None:
    from ferrata.maturity import Answer

    app.maturity.give_answers([Answer(practice.id, who, value, note, link)])
    click.echo(f"{practice.id}: {_said(value)} by {who}")
    _show_disagreement(app, practice, who)


def _list(app: App, *, as_json: bool) -> None:
    answers = sorted(app.maturity.answers(), key=lambda given: (given.practice, given.respondent))
    if as_json:
        click.echo(json.dumps([given._asdict() for given in answers], indent=2, ensure_ascii=False))
        return
    if not answers:
        click.echo("no answers yet; give some with `ferrata answer`", err=True)
    by_practice: dict[str, list[Answer]] = {}
    for given in answers:
        by_practice.setdefault(given.practice, []).append(given)
    for name, given_all in by_practice.items():
        apart = _apart(given_all)
        click.echo(printable(name) + (f"  DISAGREEMENT {apart:.0%}" if apart else ""))
        for given in given_all:
            click.echo(f"    {_line(given)}")


def _line(given: Answer) -> str:
    texts = (f"{given.respondent}: {_said(given.value)}", given.note, given.link)
    return printable("  ".join(text for text in texts if text))


def _said(value: float | None) -> str:
    return "don't know" if value is None else f"{value:.0%}"


def _apart(answers: Iterable[Answer]) -> float:
    """The largest difference between two respondents."""
    known = [given.value for given in answers if given.value is not None]
    return max(known) - min(known) if known else 0.0


def _show_disagreement(app: App, practice: Practice, who: str) -> None:
    given_all = [given for given in app.maturity.answers() if given.practice == practice.id]
    if apart := _apart(given_all):
        others = "; ".join(_line(given) for given in given_all if given.respondent != who)
        click.echo(f"disagreement of {apart:.0%}: {others}")


def _questions(
    app: App, who: str, *, practice: str | None, count: int | None, everything: bool, model: Path | None
) -> list[Practice]:
    """What to ask: one practice, the next few by the roadmap, or everything this person has not answered."""
    if practice is not None:
        return [app.maturity.practice(practice, model)]
    chosen = app.maturity.model(model)
    answered = {given.practice for given in app.maturity.answers() if given.respondent == who}
    open_ones = [p for p in sorted(chosen.practices, key=lambda p: p.level) if everything or p.id not in answered]
    if count is None:
        return open_ones
    try:
        order = {step.practice: step.order for step in app.maturity.roadmap(model=model)}
    except UsageError:  # no LLM use found: there is no roadmap, but there may be one to come
        order = {}
    asked_only = [p for p in open_ones if p.id in order]
    # What only people can say comes first: a scan or a record cannot answer it.
    asked_only.sort(key=lambda p: order[p.id] - (5 if p.answer.with_link else 0))
    return (asked_only or open_ones)[:count]


def _ask_all(app: App, questions: Sequence[Practice], who: str) -> None:
    if not questions:
        click.echo("nothing left to ask; --all asks again")
        return
    click.echo(f"{counted(len(questions), 'question')} for {printable(who)}. {_MENU}")
    i = 0
    given: set[str] = set()
    while i < len(questions):
        practice = questions[i]
        before = next((a for a in app.maturity.answers() if (a.practice, a.respondent) == (practice.id, who)), None)
        said = _ask(practice, f"[{i + 1}/{len(questions)}]", who, before)
        if said.answer is not None:
            app.maturity.give_answers([said.answer])
            given.add(practice.id)
            _show_disagreement(app, practice, who)
        if said.move == "q":
            break
        i = max(i - 1, 0) if said.move == "b" else i + 1
    click.echo(
        f"{counted(len(given), 'answer')} kept. See what they change: ferrata assess {_quoted(app.settings.root)}"
    )


def _quoted(path: Path) -> str:
    import shlex

    return printable(shlex.quote(str(path)))


def _ask(practice: Practice, place: str, who: str, before: Answer | None) -> _Said:
    from ferrata.maturity import Answer

    click.echo(f"\n{place} {practice.id} (level {practice.level})\n{practice.question}")
    for number, option in enumerate(practice.answers, 1):
        click.echo(f"  {number}. {option.text}")
    if before is not None:
        click.echo(f"so far you say: {_line(before).partition(': ')[2]}")
    for text in _prompts("answer"):
        choice = text.lower()
        if choice in ("q", "s", "b"):
            return _Said(None, choice)
        if choice == "?":
            click.echo(practice.why)
        elif choice == "d":
            note, _, left = _about(link=False)
            return _Said(Answer(practice.id, who, None, note), left)
        elif choice.isascii() and choice.isdecimal() and 1 <= int(choice[:9]) <= len(practice.answers):
            value = practice.answers[int(choice) - 1].value
            note, link, left = _about(link=value > 0)
            return _Said(Answer(practice.id, who, value, note, link), left)
        else:
            click.echo(f"not an answer: {text!r}; {_MENU}")
    return _Said(None, "q")


def _prompts(what: str) -> Iterator[str]:
    """What is typed, line by line, until the input ends or is interrupted."""
    while True:
        try:
            typed: str = click.prompt(what, default="", show_default=False, prompt_suffix="> ")
        except click.exceptions.Abort:
            click.echo()
            return
        # A terminal passes on keys that are no text, such as arrows.
        yield "".join(c for c in " ".join(typed.split()) if c.isprintable())


def _about(*, link: bool) -> tuple[str, str, str]:
    """A note and a link, and `q` where the person left while being asked; the answer stands even so."""
    note = next(_prompts("note (may be empty)"), None)
    if note is None or not link:
        return note or "", "", "q" if note is None else ""
    address = next(_prompts("document or link that shows it (may be empty)"), None)
    return note, address or "", "q" if address is None else ""
