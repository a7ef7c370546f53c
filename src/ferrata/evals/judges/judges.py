"""Judges by name.

| name | settings beside the common ones |
| --- | --- |
| those of `SPECS` | |
| `qa` | `others`: computed evaluators in the place of F1 |
| `preference` | `criteria` |
| `rubric` | `rubric`: a `Rubric`, its file or its content |
| `label` | `labels`, `passing`, `instructions`, `name` |
| `prompty` | `prompt`: a `.prompty` or its path; `name`, `low`, `high`, `higher_is_better` |

What a judge scores can be held against people's scores and corrected: `digest`, `model_name` and `scale` of a judge say whose scores
they are. How that is done is not known here, nor where a model of some name is had from.
"""

from __future__ import annotations

from inspect import signature
from typing import TYPE_CHECKING, Any, Final

from ferrata.errors import NotFound, UsageError
from ferrata.evals.judges.asking import Asker
from ferrata.evals.judges.composite import QaJudge
from ferrata.evals.judges.labels import LabelJudge
from ferrata.evals.judges.preference import PreferenceJudge
from ferrata.evals.judges.prompted import PromptJudge, PromptyJudge
from ferrata.evals.judges.rubric import RubricJudge
from ferrata.evals.judges.specs import SPECS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ferrata.evals.judges.asking import AskingOptions
    from ferrata.evals.judges.base import Judge
    from ferrata.messages import Usage
    from ferrata.providers import ChatModel

__all__ = ["judge_names", "judge_summaries", "make_judge"]

_OTHERS: Final[dict[str, tuple[type[Judge], str]]] = {
    "qa": (QaJudge, "groundedness, relevance, coherence, fluency, similarity and F1 in one"),
    "preference": (PreferenceJudge, "the response is better than another one, asked in both orders"),
    "rubric": (RubricJudge, "weighted dimensions of one's own"),
    "label": (LabelJudge, "one of one's own labels, some of which pass"),
    "prompty": (PromptyJudge, "what one's own prompt says"),
}


def judge_names() -> list[str]:
    """The names of all judges, by the alphabet."""
    return sorted([*SPECS, *_OTHERS])


def judge_summaries() -> dict[str, str]:
    """Name -> what the score says, in a line."""
    words = {name: spec.summary for name, spec in SPECS.items()} | {name: text for name, (_, text) in _OTHERS.items()}
    return {name: words[name] for name in judge_names()}


def make_judge(
    name: str,
    model: ChatModel,
    /,
    *,
    threshold: float | Mapping[str, float] | None = None,
    expected: bool = False,
    options: AskingOptions | None = None,
    price: Callable[[Usage], float | None] | None = None,
    declared: Mapping[str, Any] | None = None,
    **settings: Any,
) -> Judge:
    """A judge.

    Args:
        name: one of `judge_names`.
        model: that is asked.
        threshold: of the main score, or by key; the usual one if None.
        expected: values are expected scores over the probabilities of the answers, where the model gives them.
        options: how the model is asked.
        price: US dollars of a call's tokens, None where nobody knows.
        declared: what a project says of the model that changes its answers, as parameters; part of the digest.
        settings: further ones of this judge, as the module says; those it must have are named by the error.

    Raises:
        NotFound: there is no judge, or no file, of that name.
        UsageError: a setting is missing, unknown or does not fit.
        InvalidDocument: a file of its own is wrong.
    """
    asker = Asker(model, options, price=price, declared=declared)
    if name in SPECS:
        kind: Any = PromptJudge
        settings = {"spec": SPECS[name], **settings}
    elif name in _OTHERS:
        kind = _OTHERS[name][0]
    else:
        raise NotFound(f"no judge {name!r}", hint=f"there are {', '.join(judge_names())}")
    given = {"asker": asker, **settings}
    if threshold is not None:
        given["threshold"] = threshold
    if expected:
        given["expected"] = True
    _check(name, kind, given)
    return kind(**given)


def _check(name: str, kind: Any, given: Mapping[str, Any]) -> None:
    known = signature(kind).parameters
    own = ", ".join(key for key in known if key not in ("asker", "spec"))
    unknown = sorted(given.keys() - known.keys())
    if unknown:
        raise UsageError(f"the judge {name!r} has no setting {unknown[0]!r}", hint=f"it has {own}")
    missing = [key for key, one in known.items() if one.default is one.empty and key not in given]
    if missing:
        raise UsageError(f"the judge {name!r} needs {', '.join(map(repr, missing))}", hint=f"its settings: {own}")
