"""Assertions that somebody has to be asked about, by the judges that there are: rubrics, facts, relevance, faithfulness, similarity.

The words of the questions are ours, so that a verdict may differ from promptfoo's. Knows no model by name.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

from ferrata.evals.assertions.types import Assertion, Outcome
from ferrata.evals.evaluators import EmbeddingSimilarity
from ferrata.evals.judges import make_judge

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ferrata.evals.assertions.types import AssertionJudge
    from ferrata.evals.types import Score
    from ferrata.messages import Usage
    from ferrata.providers import ChatModel, EmbeddingModel

__all__ = ["assertion_judges"]

# The kinds below are those of `kinds.ANSWERED`.
# Kind -> how its value becomes an instruction.
_RUBRICS: Final = {
    "llm-rubric": "Decide whether the response meets this: {}",
    "agent-rubric": "Decide whether the response meets this: {}",
    "g-eval": "Decide whether the response meets this: {}",
    "model-graded-closedqa": "Decide whether the response meets this criterion: {}",
    "factuality": "Decide whether the response agrees with these facts and contradicts none of them: {}",
    "model-graded-factuality": "Decide whether the response agrees with these facts and contradicts none of them: {}",
    "context-recall": "Decide whether the context supports all of this: {}",
}
# Kind -> judge whose score from 1 to 5 is taken from 0 to 1.
_SCALES: Final = {
    "answer-relevance": "relevance",
    "context-faithfulness": "groundedness",
    "citation-faithfulness": "groundedness",
    "context-relevance": "retrieval",
}
_USUAL: Final = 0.75
_VERSION: Final = "1"


def assertion_judges(
    model: ChatModel, embeddings: EmbeddingModel, price: Callable[[Usage], float | None] | None = None
) -> tuple[dict[str, AssertionJudge], str]:
    """Kind of assertion -> who is asked, and a digest that changes with what they would answer.

    Args:
        model: that judges.
        embeddings: for `similar`.
        price: US dollars of a call's tokens.
    """
    scales = {kind: make_judge(name, model, price=price) for kind, name in _SCALES.items()}

    async def rubric(one: Assertion, values: Mapping[str, Any]) -> Outcome:
        said = "\n".join(map(str, one.value)) if isinstance(one.value, list) else str(one.value)  # pyright: ignore[reportUnknownArgumentType, reportUnknownMemberType]
        judge = make_judge(
            "label",
            model,
            price=price,
            labels={"pass": "it does", "fail": "it does not"},
            passing=["pass"],
            instructions=_RUBRICS[one.kind].format(said),
        )
        (score,) = await judge.judge(values)
        return _outcome(one, score, score.value, 1.0)

    async def scaled(one: Assertion, values: Mapping[str, Any]) -> Outcome:
        (score, *_) = await scales[one.kind].judge(values)
        share = None if score.value is None else (score.value - 1) / 4
        return _outcome(one, score, share, 0.5 if one.threshold is None else one.threshold)

    async def similar(one: Assertion, values: Mapping[str, Any]) -> Outcome:
        (score,) = await EmbeddingSimilarity(embeddings).judge({**values, "ground_truth": one.value})
        return _outcome(one, score, score.value, _USUAL if one.threshold is None else one.threshold)

    found: dict[str, AssertionJudge] = {}
    found.update(dict.fromkeys(_RUBRICS, rubric))
    found.update(dict.fromkeys(_SCALES, scaled))
    found.update(dict.fromkeys(("similar", "similar:cosine"), similar))
    about = [_VERSION, model.name, embeddings.name, *(judge.digest for judge in scales.values())]
    about.append(make_judge("label", model, labels=["a", "b"], passing=["a"], instructions="").digest)
    return found, sha256("\n".join(about).encode()).hexdigest()


def _outcome(one: Assertion, score: Score, share: float | None, threshold: float) -> Outcome:
    if share is None:
        return Outcome(None, None, score.reason)
    share = 1 - share if one.negated else share
    passed = share > 1 - threshold if one.negated else share >= threshold
    return Outcome(max(0.0, share), passed, score.reason)
