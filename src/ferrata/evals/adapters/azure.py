"""Evaluators of azure-ai-evaluation: `azure:F1ScoreEvaluator`.

Knows of them their call with keywords, in several forms, and the keys that they give. Only the package's `evaluate` sends telemetry, and that is not used. Some evaluators fetch nltk's data from the network at each call
where it is not there; they are refused instead.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, get_overloads

from ferrata.errors import UsageError
from ferrata.evals.adapters.base import Adapter
from ferrata.evals.evaluators.custom.making import Inputs
from ferrata.evals.types import Measure

if TYPE_CHECKING:
    from collections.abc import Callable

    from ferrata.evals.types import Evaluator

__all__ = ["AzureAdapter"]

# What they look for, by the names that nltk's downloader takes.
_DATA = {
    "wordnet": "corpora/wordnet.zip",
    "perluniprops": "misc/perluniprops.zip",
    "punkt": "tokenizers/punkt.zip",
    "punkt_tab": "tokenizers/punkt_tab.zip",
}
_WITH_DATA = frozenset({"BleuScoreEvaluator", "GleuScoreEvaluator", "MeteorScoreEvaluator"})
_USUAL = frozenset({"query", "response", "context", "ground_truth", "conversation", "tool_calls", "tool_definitions"})


class AzureAdapter(Adapter):
    """To azure-ai-evaluation."""

    prefix: ClassVar[str] = "azure"
    package: ClassVar[str] = "azure.ai.evaluation"
    pip: ClassVar[str] = "azure-ai-evaluation"
    modules: ClassVar[tuple[str, ...]] = ("azure.ai.evaluation",)

    def prepared(self, kind: type[Any], given: dict[str, Any]) -> dict[str, Any]:
        """As `Adapter.prepared`: the kind of ROUGE may be a text, as `rougeL`."""
        if isinstance(given.get("rouge_type"), str):
            kinds: Any = getattr(self._load(self.package), "RougeType")  # noqa: B009 - of a module that may be absent
            given["rouge_type"] = kinds(given["rouge_type"])
        return given

    def wrap(self, made: Any, alias: str, threshold: float | None) -> Evaluator:
        """As `Adapter.wrap`."""
        if any(base.__name__ in _WITH_DATA for base in type(made).__mro__):
            self._look_for_data(type(made).__name__)
        forms = _forms_of(type(made).__call__)

        def call(**values: Any) -> Any:
            return made(**_fitting(forms, values))

        required = frozenset[str].intersection(*(form.required for form in forms))
        everything = frozenset[str].union(*(form.required | form.further for form in forms))
        own = getattr(made, "_threshold", None)
        limit = threshold if threshold is not None else float(own) if isinstance(own, int | float) else None
        higher = bool(getattr(made, "_higher_is_better", True))
        measure = Measure(alias, low=None, high=None, higher_is_better=higher, threshold=limit)
        return self.judging(made, measure, Inputs(required, everything - required), call)

    def _look_for_data(self, name: str) -> None:
        found: Any = self._load("nltk")
        for resource in _DATA.values():
            try:
                found.find(resource)
            except LookupError:
                raise UsageError(
                    f"{name} needs data of nltk that is not there: {resource}",
                    hint=f"python -m nltk.downloader {' '.join(_DATA)}",
                ) from None


class _Form(NamedTuple):
    """One of the ways to call an evaluator."""

    required: frozenset[str]
    further: frozenset[str]


def _forms_of(call: Callable[..., Any]) -> list[_Form]:
    """Its overloads, those with a conversation last; where nothing is declared, all the usual inputs."""
    forms: list[_Form] = []
    for one in get_overloads(call) or [call]:
        named = [
            p
            for name, p in inspect.signature(one).parameters.items()
            if name != "self" and p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)
        ]
        required = frozenset(p.name for p in named if p.default is p.empty)
        forms.append(_Form(required, frozenset(p.name for p in named) - required))
    if not any(form.required or form.further for form in forms):
        return [_Form(frozenset(), _USUAL)]
    return sorted(forms, key=lambda form: "conversation" in form.required)


def _fitting(forms: list[_Form], values: dict[str, Any]) -> dict[str, Any]:
    """The values of the first form that has all it requires; they refuse more than one form at once."""
    given = {name: value for name, value in values.items() if value is not None}
    for form in forms:
        if form.required <= given.keys() and (form.required or len(forms) == 1):
            return {name: value for name, value in given.items() if name in form.required | form.further}
    return given
