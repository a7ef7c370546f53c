"""Adapters on the packages themselves, each where it is installed; none of the project's own dependencies brings one."""

from __future__ import annotations

import asyncio
import os
import socket
from typing import TYPE_CHECKING, Any

import pytest

from ferrata.errors import NotFound, UsageError
from ferrata.evals import Score
from ferrata.evals.adapters import adapted

if TYPE_CHECKING:
    from pathlib import Path

# What these packages warn of while they load is no matter of ours.
pytestmark = pytest.mark.filterwarnings("ignore")
MISSING_KEY = {"query": "Capital?", "response": "It is Paris", "ground_truth": "Paris"}


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever wants to leave the machine is stopped."""

    def refuse(*where: Any) -> None:
        raise AssertionError(f"a connection to {where[1:]}")

    monkeypatch.setattr(socket.socket, "connect", refuse)


def judged(spec: Any, values: dict[str, Any], **how: Any) -> Score:
    evaluator: Any = adapted(spec, **how)
    given = {name: value for name, value in values.items() if name in evaluator.needs | evaluator.takes}
    assert evaluator.needs <= given.keys()
    (score,) = asyncio.run(evaluator.judge(given))
    return score


def test_autoevals() -> None:
    autoevals = pytest.importorskip("autoevals")
    score = judged("autoevals:Levenshtein", {"response": "hello wrld", "ground_truth": "hello world"}, alias="near")
    assert score == Score("near", pytest.approx(10 / 11))
    same = judged(autoevals.ExactMatch(), {"response": "a", "ground_truth": "b"}, threshold=1)
    assert same == Score("ExactMatch", 0.0, False, 1)
    parsed = judged(autoevals.ValidJSON, {"response": "{}"}, schema={"type": "object"})
    assert parsed == Score("ValidJSON", 1.0)
    nothing = {"response": "[1]", "ground_truth": None}
    with pytest.raises(Exception, match="ValueError: LevenshteinScorer requires an expected value"):
        judged("autoevals:Levenshtein", nothing)
    with pytest.raises(NotFound) as refused:
        adapted("autoevals:Levenstein")
    assert refused.value.hint == "did you mean autoevals:Levenshtein?"
    ones = [adapted("autoevals:Levenshtein", alias=alias) for alias in ("a", "a", "b")]
    digests = [one.digest for one in ones if one]
    assert digests[0] == digests[1] != digests[2]


def test_azure() -> None:
    evaluation = pytest.importorskip("azure.ai.evaluation")
    texts = {"response": "It is Paris", "ground_truth": "Paris"}
    evaluator: Any = adapted("azure:F1ScoreEvaluator", alias="f1")
    assert (evaluator.needs, evaluator.takes) == ({"response", "ground_truth"}, frozenset())
    assert judged("azure:F1ScoreEvaluator", texts, alias="f1") == Score("f1", 0.5, True, 0.5)
    assert judged("azure:F1ScoreEvaluator", texts, alias="f1", threshold=0.6) == Score("f1", 0.5, False, 0.6)
    strict = judged(evaluation.F1ScoreEvaluator(threshold=0.7), texts)
    assert strict == Score("F1ScoreEvaluator", 0.5, False, 0.7)
    rouge = judged("azure:RougeScoreEvaluator", texts, alias="rouge", rouge_type="rougeL")
    assert (rouge.value, rouge.properties["rouge_recall"]) == (0.5, 1.0)
    with pytest.raises(UsageError) as refused:
        adapted("azure:RelevanceEvaluator", alias="relevance")
    assert "RelevanceEvaluator() could not be made: TypeError" in refused.value.message


def test_azure_fetches_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("azure.ai.evaluation")
    import nltk

    monkeypatch.setattr(nltk.data, "path", [str(tmp_path)])
    with pytest.raises(UsageError) as refused:
        adapted("azure:GleuScoreEvaluator")
    assert refused.value.message == "GleuScoreEvaluator needs data of nltk that is not there: corpora/wordnet.zip"
    assert refused.value.hint == "python -m nltk.downloader wordnet perluniprops punkt punkt_tab"


def test_azures_judges_say_what_they_take() -> None:
    pytest.importorskip("azure.ai.evaluation")
    config = {"azure_endpoint": "http://127.0.0.1:9", "azure_deployment": "none", "api_key": "none"}
    relevance: Any = adapted("azure:RelevanceEvaluator", alias="relevance", model_config=config)
    assert relevance.needs == frozenset()
    assert {"query", "response", "conversation"} <= relevance.takes
    assert relevance.measures[0].threshold == 3
    similarity: Any = adapted("azure:SimilarityEvaluator", alias="same", model_config=config)
    assert similarity.needs == {"query", "response", "ground_truth"}


def test_ragas() -> None:
    pytest.importorskip("ragas")
    texts = {"response": "abcd", "ground_truth": "abce"}
    near: Any = adapted("ragas:NonLLMStringSimilarity", alias="near")
    assert (near.needs, near.takes) == ({"response", "ground_truth"}, frozenset())
    assert judged("ragas:NonLLMStringSimilarity", texts, alias="near", threshold=0.7) == Score("near", 0.75, True, 0.7)
    assert judged("ragas:ExactMatch", texts, alias="same") == Score("same", 0.0)
    assert os.environ["RAGAS_DO_NOT_TRACK"] == "true"
    import ragas._analytics as analytics

    assert analytics.do_not_track()
    with pytest.raises(NotFound):
        adapted("ragas:Nothing")


def test_old_metrics_of_ragas() -> None:
    pytest.importorskip("ragas")
    from ragas.metrics import NonLLMContextRecall, StringPresence

    texts = {"response": "It is Paris", "ground_truth": "Paris"}
    assert judged(StringPresence(), texts, alias="there") == Score("there", 1.0)
    recall = {"context": "Paris is big", "reference_contexts": ["Paris is big", "London"]}
    assert judged(NonLLMContextRecall(), recall, alias="recall") == Score("recall", 0.5)


def test_deepeval() -> None:
    pytest.importorskip("deepeval")
    exact: Any = adapted("deepeval:ExactMatchMetric", alias="same")
    assert (exact.needs, exact.takes) == ({"query", "response", "ground_truth"}, {"context"})
    different = judged("deepeval:ExactMatchMetric", MISSING_KEY, alias="same")
    assert different == Score("same", 0.0, False, 1.0, reason="The actual and expected outputs are different.")
    same = judged("deepeval:ExactMatchMetric", {**MISSING_KEY, "response": "Paris"}, alias="same")
    assert (same.value, same.passed) == (1.0, True)
    pattern = judged("deepeval:PatternMatchMetric", MISSING_KEY, alias="like", pattern=".*Paris", threshold=0.5)
    assert (pattern.value, pattern.threshold) == (1.0, 0.5)
    from deepeval.telemetry import telemetry_opt_out

    assert telemetry_opt_out()
