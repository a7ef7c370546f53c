"""Evaluations that a project declares, in `ferrata.yaml` and in `evals/*.yaml`: what each entry holds. Knows no runner."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import Field, model_validator

from ferrata.documents import Document, validate
from ferrata.errors import InvalidDocument, Mistake, NotFound
from ferrata.settings import FILE_NAME
from ferrata.yamls import line_of, read_text, read_yaml

if TYPE_CHECKING:
    from pathlib import Path

    from ferrata.settings import Settings

FOLDER = "evals"

__all__ = ["EvalSettings", "EvaluatorSettings", "definition_of", "definitions_of"]


class EvaluatorSettings(Document):
    """An evaluator of an entry in `evals`; its name alone stands for an entry with `use`.

    Attributes:
        use: a built-in one (`ferrata eval list`), `evals/mine.py:function`, `evals/mine.prompty`, or `azure:F1ScoreEvaluator`.
        name: its name in the run; that of the kind where it is missing.
        threshold: of its main score, or by score.
        map: input -> `${data.COLUMN}`, `${target.NAME}` or a value, where the names differ.
        model: that judges, by its name in `models`.
        options: what else it takes.
    """

    use: str
    name: str | None = None
    threshold: float | dict[str, float] | None = None
    map: dict[str, Any] = {}
    model: str | None = None
    options: dict[str, Any] = {}

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, value: object) -> object:
        return {"use": value} if isinstance(value, str) else value


class EvalSettings(Document):
    """One entry of the section `evals`: a target over data under evaluators.

    Attributes:
        target: a prompt, a flow, `model:NAME`, `file.py:function` or a URL; without one the data has the responses.
        data: a file, or a version of the registry, as `dataset/support@3`.
        split: only the rows of this part of the data.
        evaluators: at least one.
        model: that a prompt is asked of, by its name in `models`.
        judge: the model of judges that name none; the default one where it is missing.
        inputs: input of the target -> `${data.COLUMN}` or a value, where the names differ.
        repeats: how often each row is run.
        concurrency: calls at a time, at most.
        timeout: seconds that one call may take.
        budget: US dollars that a run may spend.
        tags: name -> value, for people.
    """

    target: str | None = None
    data: str
    split: str | None = None
    evaluators: list[EvaluatorSettings]
    model: str | None = None
    judge: str | None = None
    inputs: dict[str, Any] = {}
    repeats: int = Field(default=1, ge=1, le=1000)
    concurrency: int = Field(default=16, ge=1, le=4096)
    timeout: float = Field(default=600.0, gt=0, le=86400)
    budget: float | None = Field(default=None, gt=0)
    tags: dict[str, str] = {}


class _Section(Document):
    evals: dict[str, EvalSettings] = {}


def definitions_of(settings: Settings) -> dict[str, EvalSettings]:
    """The evaluations that a project declares, by name: in `ferrata.yaml`, and in files of their own, `evals/*.yaml`.

    Raises:
        InvalidDocument: one is wrong, or declared twice; every mistake with file, line and key.
    """
    file = settings.root / FILE_NAME
    found: dict[str, EvalSettings] = {}
    if settings.file.evals:
        found |= _section({"evals": settings.file.evals}, file, read_text(file))
    for path in sorted((settings.root / FOLDER).glob("*.yaml")):
        text = read_text(path)
        more = _section(read_yaml(text, file=str(path)) or {}, path, text)
        if twice := sorted(found.keys() & more.keys()):
            line = line_of(text, ["evals", twice[0]])
            raise InvalidDocument([Mistake(str(path), line, f"evals.{twice[0]}", "is declared elsewhere already")])
        found |= more
    return found


def _section(value: object, file: Path, text: str) -> dict[str, EvalSettings]:
    return validate(value, _Section, file=str(file), text=text).evals


def definition_of(settings: Settings, name: str) -> EvalSettings:
    """One of them.

    Raises:
        NotFound: there is none of that name.
        InvalidDocument: as `definitions_of`.
    """
    known = definitions_of(settings)
    if name not in known:
        there = f"there is {', '.join(known)}" if known else f"declare it under `evals` in {FILE_NAME}"
        raise NotFound(f"no evaluation {name!r}", hint=there)
    return known[name]
