"""Assertions that a model is asked about."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from ferrata.evals.assertions import JUDGED, JudgedAssertions, assertion_judges
from ferrata.evals.assertions.kinds import ANSWERED
from ferrata.messages import ChatRequest, Embeddings
from ferrata.providers import FakeModel


class Letters:
    name = "fake/letters"

    async def embed(self, texts: Any) -> Embeddings:
        return Embeddings(self.name, [[float(text.count(c)) for c in "abcdefgh"] for text in texts])


def scored(assertions: list[dict[str, Any]], answer: int, response: str = "abc") -> Any:
    model = FakeModel(lambda _: json.dumps({"reason": "so", "score": answer}))
    judges, digest = assertion_judges(model, Letters())
    evaluator = JudgedAssertions(judges, judges_digest=digest)
    values = {"response": response, "query": "q", "context": "c", "assertions": assertions}
    (score,) = asyncio.run(evaluator.judge(values))
    return score, model


@pytest.mark.parametrize(
    ("assertion", "answer", "passed"),
    [
        ({"type": "llm-rubric", "value": "is polite"}, 1, True),
        ({"type": "llm-rubric", "value": "is polite"}, 2, False),
        ({"type": "not-llm-rubric", "value": "is rude"}, 1, False),
        ({"type": "factuality", "value": "Bolzano lies in Italy"}, 1, True),
        ({"type": "answer-relevance"}, 4, True),
        ({"type": "answer-relevance", "threshold": 0.9}, 4, False),
        ({"type": "context-faithfulness"}, 1, False),
        ({"type": "similar", "value": "cab"}, 1, True),
        ({"type": "similar", "value": "h"}, 1, False),
    ],
)
def test_each_kind(assertion: dict[str, Any], answer: int, passed: bool) -> None:
    score, _ = scored([assertion], answer)
    assert score.passed is passed, score


def test_the_kinds_that_are_answered_are_those_that_say_so() -> None:
    judges, _ = assertion_judges(FakeModel(), Letters())
    assert judges.keys() == ANSWERED
    assert ANSWERED <= JUDGED


def test_what_is_said_reaches_the_model_and_the_computed_ones_ask_nobody() -> None:
    score, model = scored([{"type": "llm-rubric", "value": "names a city"}, {"type": "contains", "value": "b"}], 1)
    assert (score.value, len(model.requests)) == (1.0, 1)
    request: ChatRequest = model.requests[0]
    assert "names a city" in "".join(message.text for message in request.messages)


def test_an_answer_that_is_none_leaves_the_assertion_without_a_score() -> None:
    score, model = scored([{"type": "llm-rubric", "value": "x"}], 9)
    assert (score.value, score.passed, score.status) == (None, None, "failed")
    assert len(model.requests) == 3
