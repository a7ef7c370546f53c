"""Evaluators of what was looked up and done: retrieved documents, citations, calls of tools."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal, cast

from ferrata.errors import UsageError
from ferrata.evals import metrics
from ferrata.evals.evaluators.base import ComputedEvaluator, with_thresholds
from ferrata.evals.types import Measure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ferrata.evals.types import Score

__all__ = ["FOUND"]


class DocumentRetrieval(ComputedEvaluator):
    """NDCG, XDCG, fidelity and holes of retrieved documents against labels, as azure-ai-evaluation's document_retrieval.

    `retrieval_ground_truth` is a list of {document_id, query_relevance_label}, `retrieved_documents` one of {document_id,
    relevance_score}, or of ids with the best first. Fidelity is missing where no labelled document is relevant.

    Args:
        k: how many of the first documents count.
        ground_truth_label_min: the label that says "not relevant".
        ground_truth_label_max: the highest label.
    """

    name: ClassVar[str] = "document_retrieval"
    needs: ClassVar[frozenset[str]] = frozenset({"retrieval_ground_truth", "retrieved_documents"})
    usual: ClassVar[tuple[Measure, ...]] = (
        Measure("ndcg@3", threshold=0.5),
        Measure("xdcg@3", high=100.0, threshold=50),
        Measure("fidelity", threshold=0.5),
        Measure("top1_relevance", high=None, threshold=50),
        Measure("top3_max_relevance", high=None, threshold=50),
        Measure("holes", high=None, higher_is_better=False, threshold=0),
        Measure("holes_ratio", higher_is_better=False, threshold=0),
    )

    def __init__(
        self,
        *,
        k: int = 3,
        ground_truth_label_min: int = 0,
        ground_truth_label_max: int = 4,
        threshold: Any = None,
    ) -> None:
        low, high = ground_truth_label_min, ground_truth_label_max
        super().__init__(k=k, low=low, high=high)
        # The thresholds that azure-ai-evaluation has of labels are of its own scale to 100; here a relevant one passes.
        labels = (Measure("top1_relevance", high=high, threshold=low + 1),)
        labels += (Measure(f"top{k}_max_relevance", high=high, threshold=low + 1),)
        measures = (Measure(f"ndcg@{k}", threshold=0.5), Measure(f"xdcg@{k}", high=100.0, threshold=50))
        self.measures = with_thresholds((*measures, self.usual[2], *labels, *self.usual[5:]), threshold, self.name)
        self._k, self._low, self._high = k, low, high

    def score(self, values: Mapping[str, Any]) -> Sequence[Score]:
        """As `Scoring.score`."""
        labels = {
            str(one["document_id"]): int(one["query_relevance_label"])
            for one in _list(values["retrieval_ground_truth"])
        }
        found = metrics.score_retrieval(
            labels, _ranked(values["retrieved_documents"]), k=self._k, lowest=self._low, highest=self._high
        )
        fidelity = None if math.isnan(found.fidelity) else found.fidelity
        numbers = [found.ndcg, found.xdcg, fidelity, found.top1_relevance, found.top_relevance, found.holes]
        return self.made(
            [*numbers, found.holes_ratio],
            total_retrieved_documents=found.retrieved,
            total_ground_truth_documents=found.labelled,
        )


def _list(value: Any) -> list[Any]:
    parsed = json.loads(value) if isinstance(value, str) else value
    if not isinstance(parsed, list):
        raise UsageError(f"must be a list, not {type(parsed).__name__}")
    return cast("list[Any]", parsed)


def _ranked(value: Any) -> list[str]:
    documents = _list(value)
    if all(isinstance(one, Mapping) and "relevance_score" in one for one in documents):
        return metrics.rank({str(one["document_id"]): float(one["relevance_score"]) for one in documents})
    return [str(one["document_id"]) if isinstance(one, Mapping) else str(one) for one in documents]  # pyright: ignore[reportUnknownArgumentType]


class Citations(ComputedEvaluator):
    """Citations of an answer: how many point at a document that there is and says what they stand behind.

    `context` is a mapping from names to documents, a list of documents, or one text.

    Args:
        at_least: share of a statement's words that the document must have.
    """

    name: ClassVar[str] = "citations"
    needs: ClassVar[frozenset[str]] = frozenset({"response", "context"})
    usual: ClassVar[tuple[Measure, ...]] = (
        Measure("citations_supported", threshold=1),
        Measure("citations_existing", threshold=1),
        Measure("citations_cited"),
        Measure("citations_present", "binary"),
    )

    def __init__(self, *, at_least: float = 0.5, threshold: Any = None) -> None:
        super().__init__(threshold=threshold, at_least=at_least)
        self._at_least = at_least

    def score(self, values: Mapping[str, Any]) -> Sequence[Score]:
        """As `Scoring.score`."""
        found = metrics.score_citations(str(values["response"]), _documents(values["context"]), at_least=self._at_least)
        shown = [{"name": one.name, "exists": one.exists, "support": one.support} for one in found.citations]
        numbers = [found.supported, found.existing, found.cited, float(found.present)]
        return self.made(numbers, citations=shown)


def _documents(value: Any) -> dict[str, str]:
    if isinstance(value, Mapping):
        return {str(name): str(text) for name, text in cast("Mapping[Any, Any]", value).items()}
    if not isinstance(value, list):
        return {"1": str(value)}
    found: dict[str, str] = {}
    for number, one in enumerate(cast("list[Any]", value), 1):
        if isinstance(one, Mapping):
            about = cast("Mapping[str, Any]", one)
            name = next(
                (about[key] for key in ("id", "name", "source", "title", "document_id") if key in about), number
            )
            text = next((about[key] for key in ("text", "content", "page_content") if key in about), "")
            found[str(name)] = str(text)
        else:
            found[str(number)] = str(one)
    return found


class TaskNavigation(ComputedEvaluator):
    """Calls of tools against the expected ones: exact, in order, or in any order; and precision, recall and F1 of them.

    `ground_truth` is a list of names, of {name, arguments}, or azure-ai-evaluation's (names, arguments by name).

    Args:
        matching_mode: which of the three is the main score.
    """

    name: ClassVar[str] = "task_navigation_efficiency"
    needs: ClassVar[frozenset[str]] = frozenset({"ground_truth"})
    takes: ClassVar[frozenset[str]] = frozenset({"tool_calls", "actions", "response"})
    usual: ClassVar[tuple[Measure, ...]] = (
        Measure("task_navigation_efficiency", "binary", threshold=1),
        Measure("task_navigation_precision"),
        Measure("task_navigation_recall"),
        Measure("task_navigation_f1"),
    )

    def __init__(
        self, *, matching_mode: Literal["exact", "in_order", "any_order"] = "exact", threshold: Any = None
    ) -> None:
        mode = str(matching_mode).removesuffix("_match")
        if mode not in ("exact", "in_order", "any_order"):
            raise UsageError(f"no way to match: {matching_mode!r}", hint="there is exact, in_order and any_order")
        super().__init__(threshold=threshold, matching_mode=mode)
        self._mode = mode

    def score(self, values: Mapping[str, Any]) -> Sequence[Score]:
        """As `Scoring.score`."""
        made = next((values[name] for name in ("tool_calls", "actions", "response") if name in values), None)
        if made is None:
            raise UsageError("there is no 'tool_calls', 'actions' or 'response' with calls")
        found = metrics.compare_calls(_calls(made), _calls(values["ground_truth"]))
        main = {"exact": found.exact, "in_order": found.in_order, "any_order": found.any_order}
        properties: dict[str, Any] = {f"{name}_match": value for name, value in main.items()}
        return self.made([float(main[self._mode]), found.precision, found.recall, found.f1], **properties)


def _calls(value: Any) -> list[metrics.ToolCall]:
    parsed = json.loads(value) if isinstance(value, str) else value
    if isinstance(parsed, tuple | list) and len(cast("list[Any]", parsed)) == 2 and isinstance(parsed[1], Mapping):
        names, arguments = cast("tuple[Any, Mapping[str, Any]]", parsed)
        if isinstance(names, list):
            return [metrics.ToolCall(str(name), arguments.get(str(name))) for name in cast("list[Any]", names)]
    return [call for one in _list(parsed) for call in _call(one)]


def _call(one: Any) -> list[metrics.ToolCall]:
    """A call in any of the forms in which people keep one; a message has those that it asks for."""
    if not isinstance(one, Mapping):
        return [metrics.ToolCall(str(one))]
    about = cast("Mapping[str, Any]", one)
    if "role" in about:
        content = cast("list[Any]", about["content"]) if isinstance(about.get("content"), list) else []
        inner = cast("list[Any]", about.get("tool_calls") or [part for part in content if _is_call(part)])
        return [call for part in inner for call in _call(part)]
    about = about.get("tool_call") or about.get("function") or about
    about = about.get("function") or about
    arguments = about.get("arguments", about.get("parameters"))
    if isinstance(arguments, str):
        arguments = json.loads(arguments or "{}")
    return [metrics.ToolCall(str(about.get("name")), arguments)]


def _is_call(part: Any) -> bool:
    return isinstance(part, Mapping) and cast("Mapping[str, Any]", part).get("type") == "tool_call"


FOUND: tuple[type[ComputedEvaluator], ...] = (DocumentRetrieval, Citations, TaskNavigation)
