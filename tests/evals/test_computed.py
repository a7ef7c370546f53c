"""Evaluators that compute, by the names and inputs that people use; what they compute is tested with the metrics."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from ferrata.errors import NotFound, UsageError
from ferrata.evals import Makers, known_evaluators, make_evaluator
from ferrata.evals.evaluators import COMPUTED, EmbeddingSimilarity
from ferrata.messages import Embeddings

TEXTS = {"response": "the cat sat on the mat", "ground_truth": "a cat sat on a mat"}


class Letters:
    """Embeddings of how often each letter stands in a text."""

    name = "fake/letters"

    async def embed(self, texts: Any) -> Embeddings:
        return Embeddings(self.name, [[float(text.count(c)) for c in "abcdefghijklmnopqrstuvwxyz"] for text in texts])


def made(use: str, tmp_path: Any, **options: Any) -> Any:
    makers = Makers(tmp_path, lambda _: pytest.fail("no judge is wanted"), lambda _: Letters())
    return make_evaluator(use, makers, threshold=options.pop("threshold", None), options=options)


@pytest.mark.parametrize(
    ("use", "options", "values", "key", "expected"),
    [
        ("exact_match", {}, {"response": "A b", "ground_truth": "a b"}, "exact_match", 0.0),
        ("exact_match", {"case": True}, {"response": "A b", "ground_truth": ["x", "a b"]}, "exact_match", 1.0),
        ("fuzzy_match", {"how": "set"}, {"response": "b a", "ground_truth": "a b c"}, "fuzzy_match", 1.0),
        ("f1_score", {}, TEXTS, "f1", 1.0),
        ("bleu_score", {"like": "sacrebleu"}, {"response": "a b c d", "ground_truth": "a b c d"}, "bleu", 1.0),
        ("bleu_score", {}, {"response": "a b c d", "ground_truth": "a b c d"}, "bleu", 1.0),
        ("gleu_score", {}, {"response": "a b", "ground_truth": "a b"}, "gleu", 1.0),
        ("rouge_score", {"rouge_type": "rouge1"}, TEXTS, "rouge_recall", 4 / 6),
        ("rouge_score", {"rouge_type": "rougeL"}, TEXTS, "rouge_f1_score", 4 / 6),
        ("rouge_score", {"rouge_type": "rougeLsum", "stems": True}, TEXTS, "rouge_precision", 4 / 6),
        ("meteor_score", {}, {"response": "a b", "ground_truth": "c d"}, "meteor", 0.0),
        ("chrf_score", {"words": 2}, {"response": "same", "ground_truth": "same"}, "chrf", 1.0),
        ("regex_match", {"pattern": r"\d+ days"}, {"response": "in 5 days"}, "regex_match", 1.0),
        ("regex_match", {"negated": True}, {"response": "sorry", "pattern": "sorry"}, "regex_match", 0.0),
        ("json_schema", {"schema": {"type": "object", "required": ["a"]}}, {"response": "{}"}, "json_schema", 0.0),
        ("json_schema", {}, {"response": '{"a": 1}', "schema": '{"type": "object"}'}, "json_schema", 1.0),
        ("json_schema", {}, {"response": "{"}, "json_schema", 0.0),
        ("json_fields", {}, {"response": '{"a": 1, "b": 2}', "ground_truth": {"a": 1, "b": 3}}, "json_fields", 0.5),
        ("json_fields", {}, {"response": "no", "ground_truth": "{}"}, "json_fields", 0.0),
        ("latency", {"threshold": 2}, {"latency_seconds": 1.5}, "latency", 1.5),
        ("tokens", {}, {"input_tokens": 5, "output_tokens": 2}, "tokens", 7.0),
        ("cost", {}, {"cost_usd": 0.5}, "cost", 0.5),
    ],
)
def test_by_name(
    use: str, options: dict[str, Any], values: dict[str, Any], key: str, expected: float, tmp_path: Any
) -> None:
    evaluator = made(use, tmp_path, **options)
    found = evaluator(**values)
    assert found[key] == pytest.approx(expected)
    if hasattr(evaluator, "close"):
        evaluator.close()


def test_the_keys_of_f1_are_those_of_azure(tmp_path: Any) -> None:
    found = made("f1_score", tmp_path)(**TEXTS)
    assert (found["f1_score"], found["f1_result"], found["f1_threshold"]) == (1.0, "pass", 0.5)


def test_retrieved_documents(tmp_path: Any) -> None:
    labels = [{"document_id": name, "query_relevance_label": label} for name, label in (("a", 4), ("b", 1), ("c", 0))]
    ranked = [{"document_id": name, "relevance_score": score} for name, score in (("b", 0.1), ("a", 0.9), ("x", 0.5))]
    evaluator = made("document_retrieval", tmp_path, threshold={"ndcg@3": 0.9})
    found = evaluator(retrieval_ground_truth=labels, retrieved_documents=ranked)
    assert found["ndcg@3"] == pytest.approx((15 + 1 / 2) / (15 + 1 / 1.584962500721156))
    assert (found["holes"], found["holes_result"], found["top1_relevance"]) == (1.0, "fail", 4.0)
    assert found["ndcg@3_properties"] == {"total_retrieved_documents": 3, "total_ground_truth_documents": 3}
    by_ids = evaluator(retrieval_ground_truth=json.dumps(labels), retrieved_documents=["a", "x", "b"])
    assert by_ids["ndcg@3"] == found["ndcg@3"]
    nothing = evaluator(retrieval_ground_truth=[labels[2]], retrieved_documents=["c"])
    assert (nothing["fidelity"], nothing["ndcg@3"]) == (0.0, 0.0)


def test_citations_in_any_form_of_context(tmp_path: Any) -> None:
    evaluator = made("citations", tmp_path)
    answer = "Refunds take five days [1]. Ships sail [3]."
    texts = ["A refund takes five days.", "Nothing."]
    for context in (texts, {"1": texts[0], "2": texts[1]}, [{"id": i + 1, "text": t} for i, t in enumerate(texts)]):
        found = evaluator(response=answer, context=context)
        assert (found["citations_existing"], found["citations_present"]) == (0.5, 1.0)


@pytest.mark.parametrize(
    "made_calls",
    [
        ["look", "pay"],
        [{"name": "look"}, {"name": "pay", "arguments": {"n": 1}}],
        [
            {"type": "function", "function": {"name": "look", "arguments": "{}"}},
            {"name": "pay", "arguments": '{"n": 1}'},
        ],
        [{"role": "assistant", "tool_calls": [{"function": {"name": "look"}}, {"function": {"name": "pay"}}]}],
        [
            {"role": "assistant", "content": [{"type": "tool_call", "name": "look"}, {"type": "text", "text": "x"}]},
            {"role": "assistant", "content": [{"type": "tool_call", "name": "pay"}]},
        ],
    ],
)
def test_calls_of_tools_in_any_form(made_calls: list[Any], tmp_path: Any) -> None:
    evaluator = made("task_navigation_efficiency", tmp_path, matching_mode="in_order_match")
    found = evaluator(tool_calls=made_calls, ground_truth=["look", "pay"])
    assert (found["task_navigation_efficiency"], found["task_navigation_f1"]) == (1.0, 1.0)
    with_arguments = evaluator(
        tool_calls=["look", {"name": "pay", "arguments": {"n": 2}}], ground_truth=(["pay"], {"pay": {"n": 1}})
    )
    assert with_arguments["task_navigation_efficiency"] == 0.0


def test_similarity_of_meaning(tmp_path: Any) -> None:
    evaluator = made("embedding_similarity", tmp_path)
    assert isinstance(evaluator, EmbeddingSimilarity)
    (score,) = asyncio.run(evaluator.judge({"response": "abc", "ground_truth": ["xyz", "cab"]}))
    assert score.value == pytest.approx(1.0)
    assert evaluator(response="abc", ground_truth="xyz")["embedding_similarity"] == 0.0


def test_an_unknown_name_says_which_is_meant(tmp_path: Any) -> None:
    with pytest.raises(NotFound) as raised:
        made("f1_scor", tmp_path)
    assert raised.value.hint == "did you mean f1_score?"


@pytest.mark.parametrize(
    ("use", "options", "problem"),
    [
        ("f1_score", {"kind": "x"}, "takes no 'kind'"),
        ("rouge_score", {"rouge_type": "rouge9"}, "no ROUGE"),
        ("bleu_score", {"like": "mine"}, "no BLEU"),
        ("fuzzy_match", {"how": "loosely"}, "no way to compare"),
        ("regex_match", {"how": "match"}, "no way to match"),
    ],
)
def test_options_that_it_does_not_take(use: str, options: dict[str, Any], problem: str, tmp_path: Any) -> None:
    with pytest.raises(UsageError, match=problem):
        made(use, tmp_path, **options)


def test_every_evaluator_is_listed_with_what_it_measures() -> None:
    known = {one.name: one for one in known_evaluators()}
    assert {kind.name for kind in COMPUTED} | {
        "groundedness",
        "rubric",
        "assertions",
        "embedding_similarity",
    } <= known.keys()
    assert [one.name for one in known.values() if not one.about] == []
