"""Gates that a project declares, in `ferrata.yaml`: what each entry holds. Knows no run and no score."""

from __future__ import annotations

import json
import re
from hashlib import sha256
from math import isfinite
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationError, model_validator

from ferrata.documents import Document, validate
from ferrata.errors import NotFound, UsageError
from ferrata.evals import definitions_of
from ferrata.gates.types import Rule, RuleKind
from ferrata.settings import FILE_NAME
from ferrata.yamls import read_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ferrata.settings import Settings

__all__ = ["LEAST_ALPHA", "GateSettings", "RuleSettings", "changed_gate", "gate_of", "gates_of"]

LEAST_ALPHA = 1e-9
"""Divided over looks and rules, what is less is 0 in a float's arithmetic, and no interval has an end."""

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}\Z")
_SHARE = re.compile(r"(\d+(?:\.\d+)?)\s*%\Z")
_KINDS: tuple[RuleKind, ...] = ("superiority", "non_inferiority", "at_least", "at_most")


def _margin(value: object) -> object:
    """A number of 0 or more, or a share of the baseline's mean, as `5%`; `true` is 0."""
    if isinstance(value, bool):
        if value:
            return 0.0
        raise ValueError("must be true, a margin, or left out")
    if isinstance(value, str):
        if not _SHARE.match(value.strip()):
            raise ValueError("must be a number in the score's units, or a share of the baseline's mean, as 5%")
        return value.strip()
    if isinstance(value, int | float) and not (isfinite(value) and value >= 0):
        raise ValueError("must be a finite number of 0 or more")
    return value


def _positive(value: object) -> object:
    if value is None:
        return None
    if isinstance(value, bool) or (isinstance(value, int | float) and value <= 0):
        raise ValueError("must be a margin of more than 0: how much worse it may be, as 0.05 or 5%")
    found = _margin(value)
    if isinstance(found, str) and not 0 < _share(found) < 1:
        raise ValueError("must be a share of more than 0 % and less than 100 %")
    return found


def _or_none(value: object) -> object:
    return None if value is None else _margin(value)


def _limit(value: object) -> object:
    if isinstance(value, bool) or (isinstance(value, float) and not isfinite(value)):
        raise ValueError("must be a finite number")
    return value


def _share(text: str) -> float:
    return float(text.removesuffix("%")) / 100


class RuleSettings(Document):
    """One rule of a gate: a metric, and one of the four.

    Attributes:
        metric: `ALIAS.KEY`, `ALIAS.KEY.pass_rate`; `ALIAS` alone is its main score.
        superiority: `true`, or by more than so much.
        non_inferiority: worse than the baseline by less than this, in the score's units, or a share of the baseline's mean, as `5%`.
        at_least: the mean's limit.
        at_most: likewise.
    """

    metric: Annotated[str, Field(min_length=1)]
    superiority: Annotated[float | str | None, BeforeValidator(_or_none)] = None
    non_inferiority: Annotated[float | str | None, BeforeValidator(_positive)] = None
    at_least: Annotated[float | None, BeforeValidator(_limit)] = None
    at_most: Annotated[float | None, BeforeValidator(_limit)] = None

    @model_validator(mode="after")
    def _one_kind(self) -> RuleSettings:
        said = [kind for kind in _KINDS if getattr(self, kind) is not None]
        if len(said) != 1:
            there = f"; there is {' and '.join(said)}" if said else ""
            raise ValueError(f"must have exactly one of {', '.join(_KINDS)}{there}")
        return self

    @property
    def rule(self) -> Rule:
        """As a rule, its metric as it is named."""
        kind: RuleKind = next(kind for kind in _KINDS if getattr(self, kind) is not None)
        value: float | str = getattr(self, kind)
        if isinstance(value, str):
            return Rule(self.metric, kind, _share(value), relative=True)
        return Rule(self.metric, kind, value)


class GateSettings(Document):
    """One entry of the section `gates`: rules over an evaluation.

    Attributes:
        eval: an entry of `evals`; its data are the gate's.
        baseline: a run, a file of scores, a target to evaluate on the same rows, or `last-pass`; needed where a rule compares.
        rules: at least one; all must hold.
        alpha: the probability, at most, that the gate passes although a rule is broken.
        power: with which a difference should be seen, for planning.
        correction: over the rules, so that no single rule is shown as kept by chance: `holm`, or `none`.
        cluster: a column that rows share which are not independent.
        inconclusive: what that means: `fail` (exit status 3), `pass` (0, with a warning), or `extend`: look again with more rows.
        sequential: look after every row, and stop as soon as it is decided.
        rows: draw so many of the data; all where it is missing.
        seed: of what is drawn.
        judge_floor: agreement with people (kappa), below which a judge's score decides nothing.
    """

    eval: str
    baseline: str | None = None
    rules: Annotated[list[RuleSettings], Field(min_length=1)]
    alpha: float = Field(default=0.05, ge=LEAST_ALPHA, lt=0.5)
    power: float = Field(default=0.8, gt=0.5, lt=1)
    correction: Literal["holm", "none"] = "holm"
    cluster: str | None = None
    inconclusive: Literal["fail", "pass", "extend"] = "fail"
    sequential: bool = False
    rows: int | None = Field(default=None, ge=2)
    seed: int = 0
    judge_floor: float = Field(default=0.6, ge=0, le=1)

    @model_validator(mode="after")
    def _fits(self) -> GateSettings:
        if self.baseline is None and (kinds := [r.rule.kind for r in self.rules if r.rule.compares]):
            raise ValueError(f"must have a `baseline`: a rule of {kinds[0]} compares with one")
        if self.inconclusive == "extend" and self.rows is None:
            raise ValueError("must say with how many `rows` it begins where `inconclusive` is `extend`")
        if self.sequential and self.inconclusive == "extend":
            raise ValueError(
                "must not have both `sequential` and `inconclusive: extend`: a sequential gate looks again anyway"
            )
        if self.sequential and self.cluster:
            raise ValueError(
                "must not have both `sequential` and `cluster`: the sequential test needs independent rows"
            )
        return self

    @property
    def needs_baseline(self) -> bool:
        """Whether a rule compares."""
        return any(one.rule.compares for one in self.rules)

    def digest(self, *more: Any) -> str:
        """Changes when the verdict could; with whatever else it depends on. Hexadecimal."""
        said = json.dumps([self.model_dump(mode="json"), *more], sort_keys=True, default=str)
        return sha256(said.encode()).hexdigest()


class _Section(Document):
    gates: dict[str, GateSettings] = {}


def gates_of(settings: Settings) -> dict[str, GateSettings]:
    """The gates that a project declares, by name.

    Raises:
        InvalidDocument: one is wrong; every mistake with file, line and key.
    """
    if not settings.file.gates:
        return {}
    file = settings.root / FILE_NAME
    found = validate({"gates": settings.file.gates}, _Section, file=str(file), text=read_text(file)).gates
    known = definitions_of(settings)
    problems: list[tuple[Sequence[str | int], str]] = []
    for name, gate in found.items():
        if not _NAME.match(name):
            problems.append((("gates", name), "is no name for a gate: use letters, digits, '_', '-' and '.'"))
        if gate.eval not in known:
            there = f"there is {', '.join(known)}" if known else "none is declared"
            problems.append((("gates", name, "eval"), f"{gate.eval!r} is no evaluation: {there}"))
    if problems:
        raise settings.wrong(problems)
    return found


def gate_of(settings: Settings, name: str | None = None) -> tuple[str, GateSettings]:
    """One of them; without a name, the only one.

    Raises:
        NotFound: there is none of that name.
        UsageError: no name, and several.
        InvalidDocument: as `gates_of`.
    """
    known = gates_of(settings)
    if name is None and len(known) == 1:
        return next(iter(known.items()))
    there = f"there is {', '.join(known)}" if known else f"declare one under `gates` in {FILE_NAME}"
    if name is None and known:
        raise UsageError("which gate?", hint=f"name it: {there}")
    if name is None or name not in known:
        raise NotFound("no gate is declared" if name is None else f"no gate {name!r}", hint=there)
    return name, known[name]


def changed_gate(gate: GateSettings, **changes: Any) -> GateSettings:
    """A gate with what the caller gave in the place of its own; what is None changes nothing.

    Raises:
        UsageError: it makes no sense.
    """
    given = {key: value for key, value in changes.items() if value is not None}
    try:
        return GateSettings.model_validate({**gate.model_dump(exclude_none=True), **given})
    except ValidationError as error:
        first = error.errors()[0]
        said = first["msg"].removeprefix("Value error, ")
        if said.startswith("Input should be"):
            said = f"{said.replace('Input should be', 'must be')}, not {first['input']!r:.60}"
        raise UsageError(f"{'.'.join(map(str, first['loc']))}: {said}") from None
