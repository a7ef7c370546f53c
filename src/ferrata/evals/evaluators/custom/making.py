"""Evaluators of functions, classes and instances: inputs by the names of parameters, failures with the place in the code.

What is quick is called between the other rows; what waits is awaited, or called in a thread. Knows no file and no package.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from ferrata.errors import FerrataError, UsageError
from ferrata.evals.evaluators.base import failed
from ferrata.evals.evaluators.custom.code import code_digest, file_of, name_of, place_of, stable_text
from ferrata.evals.evaluators.custom.marks import marks_of
from ferrata.evals.evaluators.custom.results import scores_of
from ferrata.evals.types import Evaluator, Judging, Measure, Scoring
from ferrata.runs import Threads

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from ferrata.evals.evaluators.custom.marks import Marks
    from ferrata.evals.types import Score

__all__ = ["CodeFailed", "Inputs", "OwnJudging", "OwnScoring", "Thresholds", "evaluator_of", "in_thread", "make_own"]

_LONGEST = 80
Thresholds = float | Mapping[str, float] | None


_threads = Threads()


class CodeFailed(FerrataError):
    """An exception in an evaluator that waits; its code is the exception's class.

    Attributes:
        codes: that name alone.
    """

    code = "evaluator_failed"

    def __init__(self, message: str, *, kind: str) -> None:
        super().__init__(message)
        self.codes = (kind,)


class Inputs(NamedTuple):
    """What a callable takes by name.

    Attributes:
        required: without a default.
        further: with one.
        everything: and whatever else there is.
    """

    required: frozenset[str]
    further: frozenset[str] = frozenset()
    everything: bool = False


class _Own:
    """What own evaluators have in common.

    Args:
        call: takes inputs by name, gives a result.
        name: of the kind.
        inputs: that it takes.
        measures: that it gives, the main one first.
        digest: of code and settings.
        read: what makes scores of a result.
        file: of the code, for the place of an exception.
    """

    def __init__(
        self,
        call: Callable[..., Any],
        *,
        name: str,
        inputs: Inputs,
        measures: Sequence[Measure],
        digest: str,
        read: Callable[[Any, Sequence[Measure]], list[Score]] = scores_of,
        file: Path | None = None,
    ) -> None:
        self.name = name
        self.measures = tuple(measures)
        self.digest = digest
        # Nothing named means everything, to whoever finds the inputs.
        self.needs = frozenset[str]() if inputs.everything else inputs.required
        self.takes = frozenset[str]() if inputs.everything else inputs.further
        self._call = call
        self._inputs = inputs
        self._read = read
        self._file = file

    def _arguments(self, values: Mapping[str, Any]) -> dict[str, Any] | str:
        """The inputs, or which of them are not there, in words."""
        if missing := sorted(self._inputs.required - values.keys()):
            return f"there is no {' and no '.join(map(repr, missing))}"
        if self._inputs.everything:
            return dict(values)
        known = self.needs | self.takes
        return {name: value for name, value in values.items() if name in known}

    def _said(self, error: BaseException) -> str:
        place = place_of(error, self._file)
        text = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        return f"{text} ({place})" if place else text


class OwnScoring(_Own):
    """One that is called at once; its arguments are those of `_Own`."""

    def score(self, values: Mapping[str, Any]) -> Sequence[Score]:
        """As `Scoring.score`; an exception is a failed score with the place in the code."""
        arguments = self._arguments(values)
        if isinstance(arguments, str):
            return failed(self.measures, arguments)
        try:
            found = self._call(**arguments)
        except Exception as error:  # noqa: BLE001 - the boundary of somebody's code: recorded as its failure
            return failed(self.measures, self._said(error))
        if inspect.isawaitable(found):
            if inspect.iscoroutine(found):
                found.close()
            return failed(self.measures, f"{self.name} gave something to be awaited: define it by `async def`")
        return self._read(found, self.measures)


class OwnJudging(_Own):
    """One that waits: it is awaited where it is async, else called in a thread; its arguments are those of `_Own`."""

    async def judge(self, values: Mapping[str, Any]) -> Sequence[Score]:
        """As `Judging.judge`.

        Raises:
            ModelError: as the code raised it.
            CodeFailed: any other exception of the code; a resume tries again.
        """
        arguments = self._arguments(values)
        if isinstance(arguments, str):
            return failed(self.measures, arguments)
        call = functools.partial(self._call, **arguments)
        try:
            found = call() if _is_async(self._call) else await in_thread(call)
            if inspect.isawaitable(found):
                found = await found
        except FerrataError:
            raise
        except Exception as error:
            raise CodeFailed(self._said(error), kind=type(error).__name__) from error
        return self._read(found, self.measures)


async def in_thread(call: Callable[[], Any]) -> Any:
    """What a call returns that is made in a thread, with the caller's context variables.

    The process can end while it goes on, and whoever gives it up does not wait for it.
    """
    return await _threads.run(functools.partial(_plainly, call))


def _plainly(call: Callable[[], Any]) -> Any:
    """What the call returns; what nobody may raise to whoever waits is a RuntimeError: the end of a program is no matter of a thread."""
    try:
        return call()
    except Exception as error:
        if isinstance(error, StopIteration):
            raise RuntimeError(f"StopIteration: {error}") from None
        raise
    except BaseException as error:  # noqa: BLE001 - told as a failure
        raise RuntimeError(f"{type(error).__name__}: {error}") from None


def evaluator_of(thing: Any, *, alias: str, threshold: Thresholds = None, **init: Any) -> Evaluator:
    """The evaluator of a function, a class or an instance.

    Args:
        thing: a function or an instance with `__call__`, whose parameters' names are its inputs (without a default: needed; `**`
            takes everything of the row and of the target); a class of such instances; an evaluator.
        alias: its name in a run, and the key of its main score.
        threshold: of the main score, in the place of its usual one; or by key.
        init: for a class the arguments of its instance; else inputs with a fixed value.

    Raises:
        UsageError: it is none of these, its parameters cannot be given by name, or its instance cannot be made.
    """
    return make_own(thing, alias, threshold, init)


def make_own(
    thing: Any, alias: str, threshold: Thresholds, init: Mapping[str, Any], *, files: Iterable[Path] = ()
) -> Evaluator:
    """As `evaluator_of`; `files` are further code that its scores depend on."""
    if isinstance(thing, type):
        call, fixed = _instance(cast("type[Any]", thing), alias, threshold, init), {}
        if isinstance(call, Scoring | Judging):
            return call
    elif isinstance(thing, Scoring | Judging):
        if init or threshold is not None:
            raise UsageError(f"evaluator {alias!r} is made already", hint="give its settings where it is made")
        return thing
    else:
        call, fixed = thing, dict(init)
    if not callable(call):
        raise UsageError(
            f"evaluator {alias!r} is {_short(call)}, which cannot be called",
            hint="give a function, a class with __call__, or an instance of one",
        )
    marks = marks_of(thing)
    inputs = _inputs_of(call, fixed, alias)
    measures = _measures_of(call, marks, alias, threshold)
    about = (code_digest(thing, files=files), stable_text(init), measures)
    made = OwnJudging if marks.slow or _is_async(call) else OwnScoring
    return made(
        functools.partial(call, **fixed) if fixed else call,
        name=marks.name or name_of(thing),
        inputs=inputs,
        measures=measures,
        digest=sha256(repr(about).encode()).hexdigest(),
        file=file_of(thing),
    )


def _instance(kind: type[Any], alias: str, threshold: Thresholds, init: Mapping[str, Any]) -> Any:
    given = dict(init)
    taken = inspect.signature(kind).parameters
    whole = hasattr(kind, "score") or hasattr(kind, "judge")  # it applies its thresholds itself
    if threshold is not None:
        if "threshold" in taken:
            given.setdefault("threshold", threshold)
        elif whole:
            raise UsageError(f"evaluator {alias!r}: {kind.__name__} takes no threshold", hint=_taking(taken))
    try:
        return kind(**given)
    except FerrataError:
        raise
    except Exception as error:
        with_ = ", ".join(sorted(given))
        raise UsageError(
            f"evaluator {alias!r}: {kind.__name__}({with_}) could not be made: {type(error).__name__}: {error}",
            hint=_taking(taken),
        ) from error


def _taking(names: Iterable[str]) -> str:
    return f"it takes {', '.join(names) or 'nothing'}"


def _inputs_of(call: Callable[..., Any], fixed: Mapping[str, Any], alias: str) -> Inputs:
    try:
        parameters = inspect.signature(call).parameters.values()
    except (TypeError, ValueError):
        raise UsageError(
            f"evaluator {alias!r}: what {_short(call)} takes cannot be known", hint="call it in a function of your own"
        ) from None
    if nameless := [p.name for p in parameters if p.kind is p.POSITIONAL_ONLY and p.default is p.empty]:
        raise UsageError(
            f"evaluator {alias!r}: the parameter {nameless[0]!r} cannot be given by name",
            hint="take away the / in its definition",
        )
    named = {p.name: p.default is p.empty for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)}
    everything = any(p.kind is p.VAR_KEYWORD for p in parameters)
    if (unknown := sorted(fixed.keys() - named.keys())) and not everything:
        raise UsageError(f"evaluator {alias!r} takes no {unknown[0]!r}", hint=_taking(named))
    left = {name: needed for name, needed in named.items() if name not in fixed}
    if not left and not everything:
        raise UsageError(f"evaluator {alias!r} takes no input", hint="define it as NAME(response, ground_truth)")
    required = frozenset(name for name, needed in left.items() if needed)
    return Inputs(required, frozenset(left) - required, everything)


def _measures_of(call: Any, marks: Marks, alias: str, threshold: Thresholds) -> tuple[Measure, ...]:
    measures = marks.measures
    if not measures:
        returned = getattr(call if inspect.isroutine(call) else type(call).__call__, "__annotations__", {}).get(
            "return"
        )
        scale, low, high = marks.scale, marks.low, marks.high
        if scale is None and returned in (bool, "bool"):
            scale = "binary"
        if scale == "binary":
            low, high = 0.0, 1.0
        keys = list(threshold) if isinstance(threshold, Mapping) else [alias]
        measures = tuple(
            Measure(key, scale or "continuous", low, high, marks.higher_is_better, marks.threshold) for key in keys
        )
    if threshold is None:
        return measures
    wanted = threshold if isinstance(threshold, Mapping) else {measures[0].key: threshold}
    if unknown := sorted(wanted.keys() - {measure.key for measure in measures}):
        raise UsageError(
            f"evaluator {alias!r} has no score {unknown[0]!r}", hint=f"it gives {', '.join(m.key for m in measures)}"
        )
    return tuple(replace(m, threshold=float(wanted[m.key])) if m.key in wanted else m for m in measures)


def _is_async(call: Callable[..., Any]) -> bool:
    while isinstance(call, functools.partial):
        call = cast("functools.partial[Any]", call).func
    return inspect.iscoroutinefunction(call) or inspect.iscoroutinefunction(type(call).__call__)


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
