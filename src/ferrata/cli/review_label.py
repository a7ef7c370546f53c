"""`ferrata review label` and `ferrata review adjudicate`: dialogues on a terminal or a pipe, and labels of a file."""

from __future__ import annotations

import random
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from ferrata.cli.review_screen import menu_of, read_key, read_line, show_body
from ferrata.cli.words import counted, printable
from ferrata.errors import NotFound, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ferrata.app import App
    from ferrata.reviews import Decision, Item, Label, Review

__all__ = ["adjudicate", "label"]

_KEYS = ("s = skip", "- = back", "c = comment and cause", "? = instructions", "q = leave (labels so far are kept)")
_MOST_CAUSES = 9


def _options(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in (
        click.option("--all", "everything", is_flag=True, help="Rows that are done, too, to amend them."),
        click.option("--as", "person", help="Who it is; you, if not given."),
        click.option(
            "--project", type=click.Path(path_type=Path), default=Path(), show_default=True, help="Project's folder."
        ),
    ):
        command = option(command)
    return command


@click.command()
@click.argument("name")
@click.option(
    "--file", type=click.Path(path_type=Path), help="Take labels of a file: rows of key, label, comment, cause."
)
@_options
def label(*, name: str, file: Path | None, person: str | None, everything: bool, project: Path) -> None:
    """Label the rows of the review NAME, one key a label. It can be left at any row and taken up again.

    Nothing is shown of scores, of other people's labels, or of which run a side is from; the order is another one for each
    person. Without a terminal, lines are read from standard input.
    """
    from ferrata.app import open_app
    from ferrata.reviews import person_of, read_labels

    with open_app(project) as app:
        who = person_of(app.actor if person is None else person)
        review = _open_review(app, name)
        if file is None:
            _Dialogue(app, review, who, final=False).run(everything=everything)
            return
        given = read_labels(file, review, app.reviews.items(review), who)
        new = app.reviews.give(review, given)
    same = f", {len(given) - new:,} as they were" if new < len(given) else ""
    click.echo(f"{counted(new, 'label')} of {printable(who)} taken from {printable(str(file))}{same}")


@click.command()
@click.argument("name")
@click.option("--also-annotator", is_flag=True, help="Also if you labelled rows of it yourself.")
@_options
def adjudicate(*, name: str, person: str | None, also_annotator: bool, everything: bool, project: Path) -> None:
    """Settle the rows of the review NAME on which annotators differ, with the final label and why.

    Their labels and comments are shown without names and in no order.
    """
    from ferrata.app import open_app
    from ferrata.reviews import person_of

    with open_app(project) as app:
        who = person_of(app.actor if person is None else person)
        review = _open_review(app, name)
        own = any(one.person == who and not one.final for one in app.reviews.labels(review))
        if own and not also_annotator:
            raise UsageError(
                f"{who!r} has labelled rows of {name!r}, and would judge their own labels",
                hint="let somebody else adjudicate, or give --also-annotator",
            )
        _Dialogue(app, review, who, final=True).run(everything=everything)


def _open_review(app: App, name: str) -> Review:
    if not app.has_store:  # to read, none is made
        raise NotFound(f"no review {name!r}", hint="begin one with `ferrata review new NAME RUN`")
    review = app.reviews.get(name)
    if not review.is_open:
        raise UsageError(f"the review {name!r} is closed since {review.closed}", hint="begin another one")
    return review


class _Said(NamedTuple):
    """What came of asking: a label, or None; and a wish to skip (`s`), go back (`-`) or leave (`q`), or none."""

    label: Label | None
    move: str = ""


class _Dialogue:
    """Goes through the items with a person; each label is kept at once."""

    def __init__(self, app: App, review: Review, who: str, *, final: bool) -> None:
        self._app = app
        self._review = review
        self._who = who
        self._final = final
        self._items = app.reviews.items(review)
        self._causes: list[str] = []

    def run(self, *, everything: bool) -> None:
        from ferrata.reviews import open_items, order_for, unsettled

        review, before = self._review, self._decisions()
        if self._final:
            wanted = {number for number, one in before.items() if everything and one.final} | set(unsettled(before))
        else:
            wanted = set(open_items(review, before, self._who))
            wanted |= {number for number, one in before.items() if everything and self._who in one.labels}
        queue = [item for item in order_for(review, self._items, self._who) if item.number in wanted]
        if not queue:
            click.echo(
                "nothing left to settle" if self._final else "nothing left to label; --all goes through your labels"
            )
            return
        click.echo(f"{counted(len(queue), 'row')} for {printable(self._who)}. {printable(review.question)}")
        if review.instructions:
            click.echo(printable(review.instructions))
        click.echo(menu_of(review.scale, *_KEYS))
        kept = self._go_through(queue, wanted)
        click.echo(f"{counted(len(kept), 'row')} labelled. How far it is: ferrata review status {review.name}")

    def _go_through(self, queue: Sequence[Item], wanted: set[int]) -> set[int]:
        kept: set[int] = set()
        shown: list[int] = []
        i = 0
        while i < len(queue):
            item, decisions = queue[i], self._decisions()
            decision = decisions[item.number]
            if i not in shown and self._is_taken(decision):
                click.echo(f"\n[{i + 1}/{len(queue)}] meanwhile done by somebody else")
                i += 1
                continue
            said = self._ask(item, decision, f"[{i + 1}/{len(queue)}]")
            if i not in shown:
                shown.append(i)
            if said.label is not None:
                self._app.reviews.give(self._review, [said.label])
                kept.add(item.number)
            if said.move == "q":
                break
            i = max((before for before in shown if before < i), default=i) if said.move == "-" else i + 1
        return kept

    def _is_taken(self, one: Decision) -> bool:
        """Whether others have done the row since the dialogue began."""
        if self._final:
            return False
        others = [person for person in one.labels if person != self._who]
        return self._who not in one.labels and len(others) >= self._review.annotators

    def _decisions(self) -> dict[int, Decision]:
        from ferrata.reviews import decisions_of

        labels = self._app.reviews.labels(self._review)
        self._causes = list(dict.fromkeys(one.cause for one in reversed(labels) if one.cause))[:_MOST_CAUSES]
        return decisions_of(self._review, self._items, labels)

    def _ask(self, item: Item, decision: Decision, place: str) -> _Said:
        review, clock = self._review, self._app.clock
        show_body(item, self._app.reviews.body(item), place)
        before = decision.final if self._final else decision.labels.get(self._who)
        if self._final:
            self._show_labels(item, decision)
        if before is not None:
            about = "; ".join(text for text in (before.comment, before.cause) if text)
            click.echo(printable(f"so far: {before.value}" + (f" ({about})" if about else "")))
        begun = clock.now()
        comment, cause = (before.comment, before.cause) if before else ("", "")
        while (typed := read_key("label")) is not None:
            word = typed.strip().lower()
            if word in ("s", "-", "q"):
                return _Said(None, word)
            if word == "?":
                click.echo(printable(review.instructions or "there are no instructions beyond the question"))
                click.echo(f"{printable(review.question)}\n{menu_of(review.scale, *_KEYS)}")
            elif word == "c":
                said = read_line("comment")
                named = None if said is None else self._read_cause()
                if said is None or named is None:
                    return _Said(None, "q")
                comment, cause = said, named
            elif (value := self._value(typed)) is not None:
                if before is not None and cause == before.cause and review.scale.is_success(value):
                    cause = ""  # of the failure that the label said before
                seconds = (clock.now() - begun).total_seconds()
                return self._finish(item, value, comment, cause, seconds)
            else:
                click.echo(printable(f"not a label: {typed!r}; {menu_of(review.scale, *_KEYS)}"))
        return _Said(None, "q")

    def _finish(self, item: Item, value: str, comment: str, cause: str, seconds: float) -> _Said:
        """The label, with why and the cause where they are asked for; it stands even where the person leaves there."""
        from ferrata.reviews import Label

        left = ""
        if self._final and not comment:
            why = read_line("why")
            comment, left = why or "", "q" if why is None else ""
        if not left and not cause and self._review.scale.is_failure(value):
            named = self._read_cause()
            cause, left = named or "", "q" if named is None else ""
        given = Label(item.number, self._who, value, comment, cause, seconds, self._final)
        return _Said(given, left)

    def _value(self, typed: str) -> str | None:
        scale = self._review.scale
        if value := scale.keys.get(typed.strip().lower()):
            return value
        try:
            return scale.label_of(typed)
        except UsageError:
            return None

    def _read_cause(self) -> str | None:
        """A cause of failure: a new one, or one of those that were named before, by its number."""
        if self._causes:
            click.echo(printable("  ".join(f"{i}. {cause}" for i, cause in enumerate(self._causes, 1))))
        typed = read_line("cause of the failure (number, few words, or empty)")
        if typed and typed.isascii() and typed.isdecimal() and 1 <= int(typed[:4]) <= len(self._causes):
            return self._causes[int(typed) - 1]
        return typed

    def _show_labels(self, item: Item, decision: Decision) -> None:
        labels = sorted(decision.labels.values(), key=lambda one: one.person)
        random.Random(f"{self._review.seed} {item.key}").shuffle(labels)  # noqa: S311 - an order, no secret
        for one in labels:
            about = "; ".join(text for text in (one.comment, one.cause and f"cause: {one.cause}") if text)
            click.echo(printable(f"one says: {one.value}" + (f" ({about})" if about else "")))
