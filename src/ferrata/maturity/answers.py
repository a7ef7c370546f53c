"""Answers as a file: what `ferrata answer --export` writes and `--answers` reads.

Knows nothing of what an answer is worth.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import yaml
from pydantic import AfterValidator, Field

from ferrata.clock import format_time, parse_time
from ferrata.documents import Document, validate
from ferrata.errors import InvalidDocument, Mistake, UsageError
from ferrata.maturity.evidence import Answer
from ferrata.yamls import line_of, read_text, read_yaml

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from ferrata.maturity.model import MaturityModel

__all__ = ["changed_answers", "check_answers", "merge_answers", "read_answers", "write_answers"]


def _printable(text: str) -> str:
    # Names and notes are shown in lines and tables, and PostgreSQL stores no NUL.
    line = " ".join(text.split())
    if not line.isprintable():
        raise ValueError(f"must be printable characters, not {text!r}")
    return line


def _moment(text: str) -> str:
    try:
        return format_time(parse_time(text)) if text else ""
    except (ValueError, OverflowError):  # the latter: a zone leads out of the calendar
        raise ValueError(f"must be a time, as 2026-03-01T12:00:00Z, not {text!r}") from None


Line = Annotated[str, Field(max_length=2000), AfterValidator(_printable)]
Respondent = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_printable)]


class _Given(Document):
    value: Annotated[float, Field(ge=0, le=1)] | None
    note: Line = ""
    link: Line = ""
    at: Annotated[str, AfterValidator(_moment)] = ""


class _AnswersFile(Document):
    answers: dict[str, dict[Respondent, _Given]]


def read_answers(path: Path, model: MaturityModel) -> list[Answer]:
    """Read `answers: {PRACTICE: {RESPONDENT: {value, note, link, at}}}`.

    Raises:
        NotFound: there is no such file.
        InvalidDocument: it is wrong, or names a practice that the model does not have; all mistakes at once.
    """
    text = read_text(path)
    file = validate(read_yaml(text, file=str(path)), _AnswersFile, file=str(path), text=text)
    unknown = [
        Mistake(
            str(path),
            line_of(text, ["answers", name]),
            f"answers.{name}",
            f"no practice of that id in {model.id} {model.version}",
        )
        for name in file.answers
        if model.practice(name) is None
    ]
    if unknown:
        raise InvalidDocument(unknown, hint="list the practices with `ferrata maturity list`")
    return [
        Answer(name, who, given.value, given.note, given.link, given.at)
        for name, by in file.answers.items()
        for who, given in by.items()
    ]


def write_answers(answers: Iterable[Answer]) -> str:
    """The file's text for some answers, in order of practices and respondents."""
    out: dict[str, dict[str, dict[str, Any]]] = {}
    for answer in sorted(answers):
        given = {"value": answer.value, "note": answer.note, "link": answer.link, "at": answer.at}
        out.setdefault(answer.practice, {})[answer.respondent] = {
            name: value for name, value in given.items() if name == "value" or value
        }
    return yaml.safe_dump({"answers": out}, sort_keys=False, allow_unicode=True, width=120)


def merge_answers(stored: Iterable[Answer], given: Iterable[Answer]) -> list[Answer]:
    """Both, where a respondent's given answer replaces the stored one to the same practice."""
    merged = {(answer.practice, answer.respondent): answer for answer in (*stored, *given)}
    return list(merged.values())


def check_answers(answers: Iterable[Answer]) -> None:
    """Refuse what a file of answers may not hold either.

    Raises:
        UsageError: a value is not 0 to 1, or a text cannot be printed on one line.
    """
    for answer in answers:
        if answer.value is not None and not 0 <= answer.value <= 1:
            raise UsageError(f"not a value: {answer.value!r}", hint="give a number from 0 (not at all) to 1 (fully)")
        for what, text in (("respondent", answer.respondent), ("note", answer.note), ("link", answer.link)):
            if not text.isprintable():
                raise UsageError(f"not a {what}: {text!r}", hint="give printable characters on one line")


def changed_answers(stored: Iterable[Answer], given: Iterable[Answer]) -> list[Answer]:
    """Those given that say something else than what is stored, or say it at another time."""
    known = {(answer.practice, answer.respondent): answer for answer in stored}
    return [answer for answer in given if not _stands(answer, known.get((answer.practice, answer.respondent)))]


def _stands(given: Answer, known: Answer | None) -> bool:
    return known is not None and given._replace(at="") == known._replace(at="") and given.at in ("", known.at)
