"""Evaluators by name: built-in ones that compute, judges, plugins', the project's own, other packages'.

Knows no run and no project; what needs one (a model, the project's folder) is handed in.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, cast

from ferrata.errors import NotFound, UsageError
from ferrata.evals.evaluators import EmbeddingSimilarity, EvaluatorBase, load_evaluator
from ferrata.plugins import plugin_manager

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from ferrata.evals.evaluators.base import ComputedEvaluator
    from ferrata.evals.types import Evaluator
    from ferrata.messages import Usage
    from ferrata.providers import ChatModel, EmbeddingModel

__all__ = ["Judged", "KnownEvaluator", "Makers", "known_evaluators", "make_evaluator"]


class Judged(NamedTuple):
    """A model that judges, what its tokens cost, and how it is declared: what of that changes its answers."""

    model: ChatModel
    price: Callable[[Usage], float | None] | None = None
    about: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Makers:
    """What evaluators are made with.

    Attributes:
        root: the project's folder.
        judge: gives a model by its name; the default one for None.
        embeddings: gives an embedding model by its name; the local one for None.
    """

    root: Path
    judge: Callable[[str | None], Judged]
    embeddings: Callable[[str | None], EmbeddingModel]


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
    from ferrata.evals.assertions import Assertions

    found = [
        KnownEvaluator(
            name,
            "computed",
            tuple(sorted(kind.needs)),
            tuple(sorted(kind.takes)),
            tuple(m.key for m in kind.usual),
            _line_of(kind),
        )
        for name, kind in [
            *_computed().items(),
            (_ASSERTIONS, Assertions),
            (EmbeddingSimilarity.name, EmbeddingSimilarity),
        ]
    ]
    from ferrata.evals.judges import SPECS, judge_summaries

    for name, about in judge_summaries().items():
        spec = SPECS.get(name)
        needs = spec.ways[0] if spec else frozenset[str]()
        takes = frozenset(spec.takes.split()).union(*spec.ways) - needs if spec else frozenset[str]()
        found.append(KnownEvaluator(name, "judge", tuple(sorted(needs)), tuple(sorted(takes)), (name,), about))
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
    if use == _ASSERTIONS:
        return _assertions(makers, model, {"threshold": threshold, **given})
    if use in computed:
        if given and computed[use].__init__ is EvaluatorBase.__init__:
            raise UsageError(f"evaluator {use!r} takes no {next(iter(given))!r}", hint="it takes a threshold")
        return cast("Evaluator", _made(use, computed[use], threshold=threshold, **given))
    from ferrata.evals.judges import judge_names, make_judge

    kind = "prompty" if use.endswith(".prompty") else use
    if kind in judge_names():
        judged = makers.judge(model)
        if kind == "prompty" and use != "prompty":
            given |= {"prompt": makers.root / use, "name": alias or PurePosixPath(use).stem}
        common = {"price": judged.price, "threshold": threshold, "declared": judged.about}
        return cast("Evaluator", _made(use, make_judge, kind, judged.model, **common, **given))
    if use == EmbeddingSimilarity.name:
        return cast(
            "Evaluator", _made(use, EmbeddingSimilarity, makers.embeddings(model), threshold=threshold, **given)
        )
    plugins = _plugins()
    if use in plugins:
        return cast("Evaluator", _made(use, plugins[use], threshold=threshold, **given))
    if ":" in use:
        return _of_code(use, makers.root, alias or "", threshold, given)
    names = [*computed, _ASSERTIONS, EmbeddingSimilarity.name, *judge_names(), *plugins]
    close = get_close_matches(use, names, n=1)
    hint = f"did you mean {close[0]}?" if close else "see them with: ferrata eval list"
    raise NotFound(f"no evaluator {use!r}", hint=hint)


def _of_code(use: str, root: Path, alias: str, threshold: Any, given: dict[str, Any]) -> Evaluator:
    """An evaluator of another package, or of the project's own code."""
    if use.partition(":")[0] in ADAPTERS:
        from ferrata.evals.adapters import adapted

        if not isinstance(threshold, float | int | None):
            raise UsageError(f"evaluator {use!r} takes one threshold, not one by score", hint="give a number")
        found = adapted(use, alias=alias, threshold=threshold, **given)
        if found is not None:
            return found
    return load_evaluator(use, root, alias=alias, threshold=threshold, **given)


_ASSERTIONS = "assertions"
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
    from ferrata.evals.evaluators import COMPUTED

    return {kind.name: kind for kind in COMPUTED}


def _assertions(makers: Makers, model: str | None, given: dict[str, Any]) -> Evaluator:
    """A row's own assertions; those that ask somebody only where a judge is named."""
    from ferrata.evals.assertions import Assertions, JudgedAssertions, assertion_judges

    if model is None:
        return cast("Evaluator", _made(_ASSERTIONS, Assertions, **given))
    judged = makers.judge(model)
    judges, digest = assertion_judges(judged.model, makers.embeddings(None), judged.price)
    return cast("Evaluator", _made(_ASSERTIONS, JudgedAssertions, judges, judges_digest=digest, **given))


def _plugins() -> dict[str, Callable[..., Any]]:
    found: dict[str, Callable[..., Any]] = {}
    for given in plugin_manager().hook.evaluators():
        found |= given
    return found
