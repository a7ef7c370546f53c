"""Evaluators by name: built-in ones that compute, judges, plugins', the project's own, other packages'.

Knows no run and no project; what needs one (a model, the project's folder) is handed in.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, cast

from ferrata.errors import NotFound, UsageError
from ferrata.plugins import plugin_manager

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from ferrata.evals.evaluators.base import ComputedEvaluator
    from ferrata.evals.types import Evaluator
    from ferrata.messages import Usage
    from ferrata.providers import ChatModel

__all__ = ["Judged", "KnownEvaluator", "Makers", "known_evaluators", "make_evaluator"]


class Judged(NamedTuple):
    """A model that judges, and what its tokens cost."""

    model: ChatModel
    price: Callable[[Usage], float | None] | None = None


@dataclass(frozen=True)
class Makers:
    """What evaluators are made with.

    Attributes:
        root: the project's folder.
        judge: gives a model by its name; the default one for None.
    """

    root: Path
    judge: Callable[[str | None], Judged]


class KnownEvaluator(NamedTuple):
    """An evaluator that there is.

    Attributes:
        name: as `use` has it.
        kind: whether it computes, asks a model, or comes from a plugin.
        needs: inputs without which it cannot score.
        takes: further inputs.
        gives: the keys of its scores.
        about: what it measures, in a line.
    """

    name: str
    kind: Literal["computed", "judge", "plugin"]
    needs: tuple[str, ...] = ()
    takes: tuple[str, ...] = ()
    gives: tuple[str, ...] = ()
    about: str = ""


def known_evaluators() -> list[KnownEvaluator]:
    """Every evaluator that has a name, computed ones first."""
    from ferrata.evals.judges import judge_kinds

    found = [
        KnownEvaluator(
            name,
            "computed",
            tuple(sorted(kind.needs)),
            tuple(sorted(kind.takes)),
            tuple(m.key for m in kind.usual),
            _line_of(kind),
        )
        for name, kind in _computed().items()
    ]
    found += [
        KnownEvaluator(k.name, "judge", tuple(sorted(k.needs)), tuple(sorted(k.takes)), k.gives, k.about)
        for k in judge_kinds()
    ]
    found += [KnownEvaluator(name, "plugin", about=_line_of(make)) for name, make in _plugins().items()]
    return found


def make_evaluator(
    use: str,
    makers: Makers,
    *,
    alias: str | None = None,
    threshold: float | Mapping[str, float] | None = None,
    model: str | None = None,
    options: Mapping[str, Any] | None = None,
) -> Evaluator:
    """The evaluator of a name.

    Args:
        use: `f1_score`, `groundedness`, `evals/mine.py:function`, `package.module:Class`, `evals/mine.prompty`, `azure:NAME`.
        makers: what it is made with.
        alias: the key of the score of one's own function.
        threshold: of its main score, or by key.
        model: that judges.
        options: what else it takes.

    Raises:
        NotFound: there is none of that name.
        UsageError: it does not take these options.
    """
    given = dict(options or {})
    computed = _computed()
    if use in computed:
        return cast("Evaluator", _made(use, computed[use], threshold=threshold, **given))
    from ferrata.evals.judges import judge_names, make_judge, make_prompty_judge

    if use in judge_names():
        judged = makers.judge(model)
        return _made(use, make_judge, name=use, model=judged.model, price=judged.price, threshold=threshold, **given)
    if use.endswith(".prompty"):
        judged = makers.judge(model)
        return _made(
            use, make_prompty_judge, makers.root / use, judged.model, price=judged.price, threshold=threshold, **given
        )
    plugins = _plugins()
    if use in plugins:
        return cast("Evaluator", _made(use, plugins[use], threshold=threshold, **given))
    package, colon, name = use.partition(":")
    if colon and package in ADAPTERS:
        from ferrata.evals.adapters import adapted

        return adapted(package, name, alias=alias or name, threshold=threshold, **given)
    if colon:
        from ferrata.evals.evaluators.custom import evaluator_of, load_evaluator

        found = load_evaluator(use, makers.root)
        return evaluator_of(found, alias=alias or name.rpartition(".")[2], threshold=threshold, **given)
    names = [*computed, *judge_names(), *plugins]
    close = get_close_matches(use, names, n=1)
    hint = f"did you mean {close[0]}?" if close else "see them with: ferrata eval list"
    raise NotFound(f"no evaluator {use!r}", hint=hint)


ADAPTERS = ("azure", "ragas", "deepeval", "autoevals")


def _made(use: str, make: Callable[..., Any], *positional: Any, **given: Any) -> Any:
    try:
        return make(*positional, **given)
    except TypeError as error:
        raise UsageError(
            f"evaluator {use!r}: {error}", hint="see what it takes with: ferrata eval show " + use
        ) from None


def _line_of(thing: Any) -> str:
    return (thing.__doc__ or "").strip().split("\n")[0].rstrip(".")


def _computed() -> dict[str, type[ComputedEvaluator]]:
    from ferrata.evals.evaluators.computed import COMPUTED

    return {kind.name: kind for kind in COMPUTED}


def _plugins() -> dict[str, Callable[..., Any]]:
    found: dict[str, Callable[..., Any]] = {}
    for given in plugin_manager().hook.evaluators():
        found |= given
    return found
